"""Evaluations of several runs as curves: which points of them go together."""

from pathlib import Path

import pytest

from config.errors import ConfigError
from study.loading import Lines, _aligned, _probes
from study.plan import PlannedRun


def run(name: str) -> PlannedRun:
    return PlannedRun(name, 1, Path(name))


def lines(*steps: int) -> Lines:
    return [{"learner_step": step} for step in steps]


def steps_of(*runs: Lines) -> list[list[int]]:
    aligned = _aligned({run(str(number)): found for number, found in enumerate(runs)})
    return [[line["learner_step"] for line in found] for found in aligned.values()]


def test_runs_that_end_a_little_apart_keep_their_last_evaluation():
    """One that had an evaluation more on its way leaves that out, and not the one of its end."""
    assert steps_of(lines(50, 100, 140), lines(50, 100, 150, 160)) == [[50, 100, 140], [50, 100, 160]]


def test_an_evaluation_that_was_due_at_the_very_end_counts_once():
    """It is made again when the run ends."""
    assert steps_of(lines(50, 100, 150, 150), lines(50, 100, 150)) == [[50, 100, 150], [50, 100, 150]]


@pytest.mark.parametrize("other", [(50, 90, 150), (50, 100, 150, 200, 250), (100, 150)])
def test_runs_evaluated_elsewhere_do_not_go_together(other: tuple[int, ...]):
    """Another period, or a budget that is much larger."""
    with pytest.raises(ConfigError, match="evaluated after other numbers of updates"):
        steps_of(lines(50, 100, 150), lines(*other))


def test_readings_that_no_run_has_are_left_out_and_what_one_lacks_is_no_number():
    """Runs may have one reading more than others; separate trunks have no common gradient."""
    names = ("gradient_cosine", "magnitude_similarity", "feature_cka", "gradient_share", "conflict_share")
    line = dict.fromkeys((*names, "dormant_share", "effective_rank", "lesion_share")) | {"dormant_share": 0.5}
    found = _probes([[line, line], [line]])
    assert {name: values.tolist() for name, values in found.items()} == {"dormant_share": [[0.5], [0.5]]}
