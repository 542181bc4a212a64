"""Networks whose tasks share encoder and head as well: they cannot tell their tasks apart."""

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from network.build import Architecture, build_network
from network.flattened import flattened
from network.groups import task_views
from network.multi_task import MultiTaskNetwork
from network.support import Support
from network.weights import WeightsLayout
from tests.support.builders import make_spec

SPECS = [make_spec("left", (4,), num_actions=3), make_spec("right", (4,), num_actions=3)]
OPTIONS = [{}, {"dueling": True}, {"output": partial(Support, 11)}, {"conditioning": "embedding"}]


def tied(seed: int = 1, **options: Any) -> MultiTaskNetwork:
    return build_network(SPECS, Architecture((8, 8), tied_ends=True, **options), seed)


def observations(*sizes: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(size, 4, generator=generator) for size in sizes]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_one_tasks_module_computes_what_the_whole_does(options: dict[str, Any]):
    """Also flattened, as actors use it, and with unequal batches."""
    network, seen = tied(**options), observations(5, 3)
    for spec, obs, q_BA in zip(SPECS, seen, network(seen), strict=True):
        torch.testing.assert_close(network.for_task(spec.name)(obs), q_BA)
        torch.testing.assert_close(flattened(network.for_task(spec.name))(obs), q_BA)


def test_the_same_observation_has_the_same_values_in_both_tasks():
    """Unless the trunk is told which task it is."""
    (obs,) = observations(6)
    left, right = tied()([obs, obs])
    torch.testing.assert_close(left, right)
    left, right = tied(conditioning="embedding")([obs, obs])
    assert (left - right).abs().max() > 1e-3


def test_weights_travel_to_every_tasks_module():
    """Nothing in it is of one task alone, and a module holds views of the whole."""
    network, other = tied(), tied(seed=2)
    layout, (obs,) = WeightsLayout(network), observations(4)
    part = other.for_task("right")
    layout.load(part, layout.snapshot(network))
    torch.testing.assert_close(part(obs), network([obs, obs])[1])
    whole = dict(task_views(network.named_parameters()))
    views = dict(task_views(network.for_task("left").named_parameters()))
    assert set(whole) == set(views)
    assert all(whole[name].data_ptr() == view.data_ptr() for name, view in views.items())
