"""Properties of one update: bounded gradients, loss weights, what it reports."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from learner.learner import Learner, StepResult
from learner.target_network import PeriodicCopy, PolyakAverage, copy_parameters, frozen_copy
from learner.weighting.fixed import FixedWeighting
from tests.support.builders import make_spec
from tests.support.learning_builders import make_batch, make_batches, make_learner, make_network, make_rule


def fixed(*weights: float) -> FixedWeighting:
    return FixedWeighting(weights)


def sgd_learner(**rule_changes: Any) -> Learner:
    """A learner whose steps are its gradients, times 1."""
    network = make_network()
    return Learner(network, torch.optim.SGD(network.parameters(), lr=1.0), make_rule(**rule_changes))


def moved(learner: Learner, before: dict[str, Tensor]) -> dict[str, float]:
    """Return how far each parameter is from where it was."""
    return {n: float((p.detach() - before[n]).norm()) for n, p in learner.network.named_parameters()}


def weights_of(network: torch.nn.Module) -> dict[str, Tensor]:
    return {name: parameter.detach().clone() for name, parameter in network.named_parameters()}


@pytest.mark.parametrize("bound", [0.01, 0.5])
def test_the_whole_gradient_is_bounded_by_its_norm(bound):
    """All parameters together move by the bound, while the reported norm is the one before."""
    learner = sgd_learner(max_gradient_norm=bound)
    before = weights_of(learner.network)
    result = learner.step(make_batches(np.random.default_rng(0)))
    assert float(result.gradient_norm) > bound
    distance = sum(d**2 for d in moved(learner, before).values()) ** 0.5
    assert distance == pytest.approx(bound, rel=1e-3)


def test_a_gradient_within_the_bound_is_left_alone():
    """The parameters move by exactly the reported norm."""
    learner = sgd_learner(max_gradient_norm=1e6)
    before = weights_of(learner.network)
    norm = float(learner.step(make_batches(np.random.default_rng(0))).gradient_norm)
    assert sum(d**2 for d in moved(learner, before).values()) ** 0.5 == pytest.approx(norm, rel=1e-4)


def test_a_task_of_weight_zero_leaves_its_own_parameters_untouched():
    """Encoder and head of the task stay bit for bit, those of the other and the trunk move."""
    learner = make_learner(make_rule(weighting=fixed(1.0, 0.0)))
    before = weights_of(learner.network)
    rng = np.random.default_rng(0)
    for _ in range(3):
        learner.step(make_batches(rng))
    for name, distance in moved(learner, before).items():
        assert (distance == 0.0) == (":b." in name), name


def test_losses_are_reported_before_weighting():
    """Whatever the loss weights, the first update reports the same losses, one a task."""
    reports = [
        make_learner(make_rule(weighting=fixed(*weights))).step(make_batches(np.random.default_rng(0))).loss_T
        for weights in [(1.0, 1.0), (0.0, 5.0)]
    ]
    assert reports[0].tolist() == reports[1].tolist()
    assert reports[0].shape == (2,)


def test_loss_weights_scale_the_gradient_of_their_task():
    """Twice the weight moves the task's head twice as far under plain gradient descent."""
    distances = []
    for weight in (1.0, 2.0):
        learner = sgd_learner(weighting=fixed(1.0, weight), max_gradient_norm=1e6)
        before = weights_of(learner.network)
        learner.step(make_batches(np.random.default_rng(0)))
        distances.append(moved(learner, before)["heads.task:b.values.weight"])
    assert distances[1] == pytest.approx(2 * distances[0], rel=1e-4)


def test_results_hold_no_graph_and_no_gradient_is_left_over():
    """What is reported needs no gradient, and a second update does not add to the first one's gradients."""
    learner = sgd_learner()
    batches = make_batches(np.random.default_rng(0))
    result = learner.step(batches)
    assert not result.loss_T.requires_grad
    assert not any(errors.requires_grad for errors in result.abs_td_errors)
    assert [len(errors) for errors in result.abs_td_errors] == [6, 4]
    copy = sgd_learner()
    copy_parameters(copy.network, learner.network)
    copy_parameters(copy.target, learner.target)
    assert float(learner.step(batches).gradient_norm) == float(copy.step(batches).gradient_norm)


def test_the_target_asks_for_no_gradients_and_never_shares_memory():
    """It is a copy: gradients and in-place changes of the online network do not reach it."""
    online = make_network()
    target = frozen_copy(online)
    assert not any(parameter.requires_grad for parameter in target.parameters())
    assert all(parameter.requires_grad for parameter in online.parameters())
    with torch.no_grad():
        for parameter in online.parameters():
            parameter.add_(1.0)
    assert all(not torch.equal(a, b) for a, b in zip(target.parameters(), online.parameters(), strict=True))


def test_a_periodic_copy_waits_for_its_period():
    """With period 3 the target changes after updates 3 and 6 only, and then equals the online network."""
    online, target = make_network(seed=1), frozen_copy(make_network(seed=2))
    update = PeriodicCopy(3)
    copied_at = []
    for step in range(1, 8):
        before = weights_of(target)
        update(target, online, step)
        changed = any(not torch.equal(before[n], p) for n, p in target.named_parameters())
        if changed:
            copied_at.append(step)
            assert all(
                torch.equal(a, b) for a, b in zip(target.parameters(), online.parameters(), strict=True)
            )
            with torch.no_grad():
                online.get_parameter("trunk.mlp.blocks.0.linear.bias").add_(1.0)
    assert copied_at == [3, 6]


def test_polyak_averaging_moves_by_its_rate():
    """A rate of 0.25 takes a quarter of the way; the online network stays."""
    online, target = make_network(seed=1), frozen_copy(make_network(seed=2))
    before, goal = weights_of(target), weights_of(online)
    PolyakAverage(0.25)(target, online, 1)
    for name, parameter in target.named_parameters():
        torch.testing.assert_close(parameter, 0.75 * before[name] + 0.25 * goal[name])
    assert all(torch.equal(goal[name], parameter) for name, parameter in online.named_parameters())


def step_of_tasks_alike(sizes: Sequence[int], **changes: Any) -> Callable[[], StepResult]:
    """Return an update of tasks of one kind; `changes` are of the second one's batch."""
    specs = [make_spec(f"t{i}") for i in range(len(sizes))]
    network, rng = make_network(specs), np.random.default_rng(0)
    rule = make_rule(weighting=fixed(*[1.0] * len(sizes)))
    learner = Learner(network, torch.optim.Adam(network.parameters()), rule)
    batches = [make_batch(spec, size, rng) for spec, size in zip(specs, sizes, strict=True)]
    batches[1] = replace(batches[1], **changes)
    return lambda: learner.step(batches)


@pytest.mark.parametrize("sizes", [(4, 4, 4), (5, 4, 3)])
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stays_with_its_task(sizes, bad):
    """Tasks that go through as one are told apart when one of them diverges."""
    loss_T = step_of_tasks_alike(sizes, reward_n_B=torch.full((sizes[1],), bad))().loss_T
    assert torch.isfinite(loss_T).tolist() == [True, False, True]


class CountingCalls(TorchFunctionMode):
    """Counts calls of torch functions; looking at a tensor's shape or length is none."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_function__(self, func, types, args=(), kwargs=None) -> Any:
        self.count += getattr(func, "__name__", "") not in {"__len__", "__get__"}
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize(
    ("few", "many"), [([4] * 2, [4] * 30), ([4, 3], [4] * 17 + [3] * 13)], ids=["equal", "nearly equal"]
)
def test_more_tasks_of_one_kind_are_not_more_calls(few, many):
    """However many they are, tasks alike go through network and loss in one pass."""
    counts = []
    for sizes in (few, many):
        step = step_of_tasks_alike(sizes)
        step()
        with CountingCalls() as calls:
            step()
        counts.append(calls.count)
    assert counts[0] == counts[1] > 20


def test_a_learning_rate_that_falls_is_that_of_each_update():
    """At zero nothing moves any more."""
    learner = make_learner(make_rule(learning_rate=lambda step: 0.0 if step >= 2 else 1e-2))
    rng = np.random.default_rng(0)
    moved = []
    for _ in range(4):
        before = [parameter.detach().clone() for parameter in learner.network.parameters()]
        learner.step(make_batches(rng))
        pairs = zip(before, learner.network.parameters(), strict=True)
        moved.append(any(not torch.equal(old, new) for old, new in pairs))
    assert moved == [True, True, False, False]
