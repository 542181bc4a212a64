"""Heads with bins: values are expectations, for every way of sharing and every view of a network."""

from collections.abc import Callable
from functools import partial
from typing import get_args

import pytest
import torch
from torch import Tensor

from network.build import Architecture, build_network
from network.choices import Sharing
from network.flattened import flattened
from network.groups import task_views
from network.multi_task import MultiTaskNetwork
from network.output import Output, Values
from network.support import BOUND, Support
from tests.support.builders import make_spec

SPECS = [make_spec("a"), make_spec("b", (5,), num_actions=3), make_spec("c")]
BINS = 7


CATEGORICAL = partial(Support, BINS)


def network_of(
    sharing: Sharing = "hard", dueling: bool = False, output: Callable[[], Output] = CATEGORICAL
) -> MultiTaskNetwork:
    return build_network(SPECS, Architecture((8, 6), sharing=sharing, dueling=dueling, output=output), seed=1)


def some_observations() -> list[Tensor]:
    generator = torch.Generator().manual_seed(2)
    return [torch.randn(4, *spec.observation_shape, generator=generator) for spec in SPECS]


def expected_values(network: MultiTaskNetwork, name: str, features: Tensor) -> Tensor:
    """Return q_BA of a task from its features, with a loop over actions and the middle of each bin."""
    own = {key: value for key, value in task_views(network.named_parameters()) if f"task:{name}." in key}
    head = {key.split(".", 2)[2]: value for key, value in own.items() if key.startswith("heads.")}
    centres = [-BOUND + (2 * k + 1) * BOUND / BINS for k in range(BINS)]

    def linear(stream: str) -> Tensor:
        return (features @ head[f"{stream}.weight"].T + head[f"{stream}.bias"]).view(len(features), -1, BINS)

    if "values.weight" in head:
        logits = linear("values")
    else:
        logits = linear("value") + linear("advantage") - linear("advantage").mean(1, keepdim=True)
    columns = []
    for action in range(logits.shape[1]):
        chances = torch.softmax(logits[:, action], 1)
        columns.append(torch.stack([chances[:, k] * centre for k, centre in enumerate(centres)]).sum(0))
    return torch.stack(columns, 1)


@pytest.mark.parametrize("dueling", [False, True])
@pytest.mark.parametrize("sharing", get_args(Sharing))
def test_values_are_expectations_over_the_bins(sharing: Sharing, dueling: bool):
    """Task by task, from the same features; whole, alone and flattened alike."""
    network, observations = network_of(sharing, dueling), some_observations()
    features = network.groups.by_task(list(network.features(observations).split(4)))
    found = network(observations)
    for index, spec in enumerate(SPECS):
        torch.testing.assert_close(found[index], expected_values(network, spec.name, features[index]))
        alone = network.for_task(spec.name)
        torch.testing.assert_close(alone(observations[index]), found[index])
        with torch.inference_mode():
            assert torch.equal(flattened(alone)(observations[index]), alone(observations[index]))


@pytest.mark.parametrize("dueling", [False, True])
def test_outputs_are_logits_with_bins_and_values_without(dueling: bool):
    """(N, A, K) of each group, or (N, A)."""
    shapes = [tuple(o.shape) for o in network_of(dueling=dueling).group_outputs(some_observations())]
    assert shapes == [(8, 2, BINS), (4, 3, BINS)]
    plain = network_of(dueling=dueling, output=Values)
    for outputs, values in zip(
        plain.group_outputs(some_observations()), plain.group_values(some_observations()), strict=True
    ):
        assert torch.equal(outputs, values)


@pytest.mark.parametrize("dueling", [False, True])
def test_adjusted_outputs_are_the_affine_map_of_what_they_were(dueling: bool):
    """Each task by its own numbers, in the order of the rows: a, c, b."""
    network, observations = network_of(dueling=dueling, output=Values), some_observations()
    before = network(observations)
    network.adjust_outputs(torch.tensor([2.0, 0.5, 10.0]), torch.tensor([0.0, 3.0, -1.0]))
    expected = [2.0 * before[0], 10.0 * before[1] - 1.0, 0.5 * before[2] + 3.0]
    for found, wanted in zip(network(observations), expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)
