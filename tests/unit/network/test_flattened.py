"""The flattened form of a task's network."""

import pytest
import torch

from network.build import Architecture, build_network
from network.flattened import flattened
from tests.support.builders import make_spec

SPECS = [make_spec("a"), make_spec("b"), make_spec("c", (4, 5, 5), observation_dtype="uint8")]


@pytest.mark.parametrize("dueling", [False, True])
@pytest.mark.parametrize("task", ["a", "b", "c"])
@pytest.mark.parametrize("size", [1, 7])
def test_it_computes_what_the_module_computes(task: str, dueling: bool, size: int):
    """For any batch size, bit by bit."""
    module = build_network(SPECS, Architecture((8, 6), dueling=dueling), seed=1).for_task(task)
    shape = next(spec.observation_shape for spec in SPECS if spec.name == task)
    batch = torch.rand(size, *shape, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        assert torch.equal(module(batch), flattened(module)(batch))


def test_values_that_are_copied_in_later_count():
    """It works on the module's own parameters."""
    module = build_network(SPECS, Architecture((8, 6)), seed=1).for_task("a")
    function = flattened(module)
    batch = torch.ones(2, 3)
    with torch.inference_mode():
        before = function(batch)
        for parameter in module.parameters():
            parameter.mul_(2.0)
        assert not torch.equal(before, function(batch))
        assert torch.equal(module(batch), function(batch))
