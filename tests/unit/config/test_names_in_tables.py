"""The names that the schema allows are those that something stands for."""

from collections.abc import Iterable
from typing import get_args

import pytest

from config.sections.learner import LearnerConfig
from learner.loss.table import LOSSES
from learner.value_scale.table import VALUE_SCALES
from learner.weighting.table import OF_GRADIENTS, OF_LOSSES


@pytest.mark.parametrize(
    ("field", "known"),
    [
        ("loss", LOSSES),
        ("value_scale", VALUE_SCALES),
        ("weighting", {"fixed", *OF_LOSSES, *OF_GRADIENTS}),
    ],
)
def test_the_schema_allows_what_the_table_has(field: str, known: Iterable[str]):
    """Neither more nor less."""
    assert set(get_args(LearnerConfig.model_fields[field].annotation)) == set(known)


def test_what_a_loss_needs_there_is():
    """A value scale that it names is in the table of value scales."""
    needed = {entry.value_scale.name for entry in LOSSES.values() if entry.value_scale is not None}
    assert needed
    assert needed <= set(VALUE_SCALES)
