"""What holds for every way of sharing, over vectors, over images, and with convolutions in the trunk."""

import pytest
import torch

from network.build import Architecture
from network.flattened import flattened
from network.groups import task_views
from network.weights import WeightsLayout
from tasks.spec import TaskSpec
from tests.support.networks import CASES, make_network, make_observations

SIZES = [(3, 3, 3, 3), (4, 4, 3, 3), (1, 5, 2, 1)]

every_case = pytest.mark.parametrize(("architecture", "specs"), CASES.values(), ids=CASES)


@every_case
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_one_tasks_module_computes_what_the_whole_does(
    architecture: Architecture, specs: list[TaskSpec], sizes: tuple[int, ...]
):
    """Whatever the batch sizes are, and as a flat function too, which is what actors run."""
    network, observations = make_network(architecture, specs), make_observations(specs, sizes)
    with torch.inference_mode():
        for spec, obs, q_BA in zip(specs, observations, network(observations), strict=True):
            module = network.for_task(spec.name)
            torch.testing.assert_close(module(obs), q_BA, rtol=1e-4, atol=1e-5)
            torch.testing.assert_close(flattened(module)(obs), q_BA, rtol=1e-4, atol=1e-5)


@every_case
def test_one_tasks_module_holds_views_under_the_names_of_the_whole(
    architecture: Architecture, specs: list[TaskSpec]
):
    """Of its own slices and of all that is no other task's, and none is a copy."""
    network = make_network(architecture, specs)
    whole = dict(task_views(network.named_parameters()))
    for spec in specs:
        part = dict(task_views(network.for_task(spec.name).named_parameters()))
        others = {name for name in whole if "task:" in name and f"task:{spec.name}." not in name}
        assert set(whole) - others == set(part)
        assert all(whole[name].data_ptr() == own.data_ptr() for name, own in part.items())
        assert all(whole[name].shape == own.shape for name, own in part.items())


@every_case
def test_weights_that_were_flattened_make_another_network_equal(
    architecture: Architecture, specs: list[TaskSpec]
):
    """The whole, and one task's module alone, from the array that actors pull."""
    source, target = make_network(architecture, specs, seed=1), make_network(architecture, specs, seed=2)
    snapshot = WeightsLayout(source).snapshot(source)
    observations = make_observations(specs, (2, 2, 2, 2))
    expected = source(observations)
    for spec, obs, q_BA in zip(specs, observations, expected, strict=True):
        module = make_network(architecture, specs, seed=3).for_task(spec.name)
        WeightsLayout(target).load(module, snapshot)
        torch.testing.assert_close(module(obs), q_BA, rtol=1e-4, atol=1e-5)
    WeightsLayout(target).load(target, snapshot)
    assert all(map(torch.equal, target(observations), expected))


@every_case
@pytest.mark.parametrize("position", range(4))
def test_a_tasks_loss_reaches_what_is_shared_and_its_own(
    architecture: Architecture, specs: list[TaskSpec], position: int
):
    """Nothing of another task; all of what is shared is reached by some task."""
    network = make_network(architecture, specs)
    network(make_observations(specs, (3, 3, 3, 3)))[position].square().sum().backward()
    gradients = [(name, p.grad) for name, p in network.named_parameters() if p.grad is not None]
    reached = {name for name, own in task_views(gradients) if bool(own.any())}
    shared = {f"trunk.{name}" for name in network.shared()}
    assert {name for name in reached if "task:" not in name} <= shared
    assert {name for name in reached if "task:" in name} == {
        name for name in dict(task_views(gradients)) if f"task:{specs[position].name}." in name
    }


@every_case
def test_owners_are_those_whose_losses_reach_a_slice(architecture: Architecture, specs: list[TaskSpec]):
    """Slice by slice, task by task; what nobody owns is what is shared."""
    network = make_network(architecture, specs)
    named = list(zip(network.named_parameters(), network.owners(), strict=True))
    assert {name for (name, _), own in named if own is None} == {f"trunk.{name}" for name in network.shared()}
    for position, rank in enumerate(network.groups.ranks):
        network.zero_grad()
        network(make_observations(specs, (3, 3, 3, 3)))[position].square().sum().backward()
        for (name, parameter), own in named:
            if own is not None:
                gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
                slices = gradient.view(own.stop - own.start, -1)
                reached = [own.start + index for index, part in enumerate(slices) if bool(part.any())]
                assert reached == [rank] * (own.start <= rank < own.stop), name


@every_case
def test_gradients_of_copies_are_those_of_each_task_alone(architecture: Architecture, specs: list[TaskSpec]):
    """One pass through copies gives what one pass a task gives, and the same values."""
    network, observations = make_network(architecture, specs), make_observations(specs, (3, 3, 2, 4))
    shared = network.shared()
    copies = {
        name: p.detach().expand(len(specs), *p.shape).clone().requires_grad_() for name, p in shared.items()
    }
    apart = network.group_values(observations, copies)
    for found, expected in zip(apart, network.group_values(observations), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    torch.stack([q_NA.square().sum() for q_NA in apart]).sum().backward()
    for rank, position in enumerate(network.groups.order):
        network.zero_grad()
        network(observations)[position].square().sum().backward()
        for name, parameter in shared.items():
            of_copies = copies[name].grad
            assert of_copies is not None
            torch.testing.assert_close(of_copies[rank], parameter.grad, rtol=1e-3, atol=1e-4)
