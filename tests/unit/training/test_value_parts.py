"""From a configuration to loss, heads and value scale."""

import pytest

from config.errors import ConfigError
from config.resolution import check, resolve_specs
from learner.hl_gauss import HLGauss
from learner.value_scale.interface import NoScale
from learner.value_scale.pop_art import PopArt
from learner.value_scale.return_range import ReturnRange
from tests.support.learning_builders import tiny_config, tiny_parts

GIB = 2**30


@pytest.mark.parametrize("scale", ["none", "popart"])
def test_bins_without_a_range_are_a_sentence(scale: str):
    """Returns that nothing maps into the bins would be cut off."""
    config = tiny_config("learner.loss=hl_gauss", f"learner.value_scale={scale}")
    with pytest.raises(ConfigError) as caught:
        check(config, resolve_specs(config), 8 * GIB)
    assert str(caught.value) == (
        f"learner.value_scale: '{scale}' is not allowed with learner.loss 'hl_gauss': "
        "it should be 'return_range', which maps returns into the bins"
    )


@pytest.mark.parametrize("field", ["loss", "value_scale"])
def test_unknown_names_are_a_sentence(field: str):
    """With what is allowed."""
    with pytest.raises(ConfigError, match=rf"learner\.{field}: 'huge' is not allowed: it should be "):
        tiny_config(f"learner.{field}=huge")


def test_each_choice_is_built():
    """And the network knows of the bins, in every process alike."""
    for name, kind in (("none", NoScale), ("return_range", ReturnRange), ("popart", PopArt)):
        parts = tiny_parts(f"learner.value_scale={name}")
        assert isinstance(parts.learner().value_scale, kind)
        assert parts.network().support is None
    parts = tiny_parts("learner.value_scale=return_range", "learner.loss=hl_gauss")
    support = parts.network().support
    assert support is not None
    assert HLGauss(support).reach < support.bound
