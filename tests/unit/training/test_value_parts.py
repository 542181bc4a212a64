"""From a configuration to loss, heads and value scale."""

import pytest
import torch

from config.errors import ConfigError
from learner.loss.hl_gauss import HLGauss
from learner.loss.of_errors import ErrorLoss
from learner.loss.table import LOSSES
from learner.value_scale.interface import NoScale, Returns
from learner.value_scale.pop_art import PopArt
from learner.value_scale.return_range import ReturnRange
from network.output import Values
from network.support import Support
from tests.support.learning_builders import tiny_config, tiny_parts
from tests.support.resolution import check, resolve_specs

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
    for name, heads_say, of_loss in (
        ("huber", Values, ErrorLoss),
        ("squared", Values, ErrorLoss),
        ("hl_gauss", Support, HLGauss),
    ):
        parts = tiny_parts(f"learner.loss={name}", "learner.value_scale=return_range")
        output = parts.network().output
        assert isinstance(output, heads_say)
        assert isinstance(LOSSES[name].loss(output), of_loss)
    assert HLGauss(Support()).reach < Support().bound


def test_the_return_range_follows_the_loss():
    """The largest return is the largest value that the loss is meant for; bins cannot be adjusted."""
    for name, largest, adjusted in (("huber", 10.0, True), ("hl_gauss", HLGauss(Support()).reach, False)):
        scale = tiny_parts(f"learner.loss={name}", "learner.value_scale=return_range").learner().value_scale
        reward_N = torch.tensor([5.0, 0.0])
        for _ in range(2):
            change = scale.observe(Returns(reward_N, 0 * reward_N, 0 * reward_N, [1, 1]))
            assert (change is not None) == adjusted
        assert float(scale.values(reward_N, [1, 1])[0]) == pytest.approx(largest)
