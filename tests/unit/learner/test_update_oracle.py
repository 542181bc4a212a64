"""The learner's step against the flat program of `docs/algorithm.md`."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from learner.learner import Learner, UpdateRule
from learner.loss.of_errors import ErrorLoss
from learner.target_network import PeriodicCopy, PolyakAverage, copy_parameters
from learner.td import huber_loss, squared_loss
from learner.weighting.fixed import FixedWeighting
from network.groups import task_views
from network.multi_task import MultiTaskNetwork
from network.weights import WeightsLayout
from tasks.spec import TaskSpec
from tests.support.builders import make_spec
from tests.support.documents import program_of
from tests.support.learning_builders import make_batch, make_batches, make_network, make_rule, two_specs

BareUpdate = program_of("algorithm.md", "The update").BareUpdate
Weights = dict[str, Tensor]

STEPS = 7
LAMBDAS = (1.0, 0.25, 2.0, 0.5, 1.5)
ALIKE = [
    make_spec("a"),
    make_spec("b", (5,), num_actions=3),
    make_spec("c"),
    make_spec("d", num_actions=4),
    make_spec("e"),
]
"""a, c and e go through as one, d shares their encoder call: the order of rows is not that of the tasks."""


def learner_with_another_target(rule: UpdateRule, specs: Sequence[TaskSpec]) -> Learner:
    """A learner whose networks differ from the first update on, so that Double DQN matters at once."""
    network = make_network(specs)
    learner = Learner(network, torch.optim.Adam(network.parameters(), lr=1e-2), rule)
    copy_parameters(learner.target, make_network(specs, seed=2))
    return learner


def weights_of(network: MultiTaskNetwork) -> Weights:
    return {name: own.clone() for name, own in task_views(network.named_parameters())}


def assert_same_weights(network: MultiTaskNetwork, expected: Weights, step: int) -> None:
    for name, own in task_views(network.named_parameters()):
        difference = float((own - expected[name].detach()).abs().max())
        assert difference < 2e-6, f"{name} differs by {difference} after update {step}"


def assert_updates_equal(
    specs: Sequence[TaskSpec], sizes: Sequence[int], polyak: bool, double: bool, huber: bool, bound: float
) -> None:
    """Losses, TD errors, gradient norm, online weights and target weights agree update by update."""
    lambdas = LAMBDAS[: len(specs)]
    rule = make_rule(
        loss=ErrorLoss(huber_loss if huber else squared_loss),
        double=double,
        max_gradient_norm=bound,
        weighting=FixedWeighting(lambdas),
        target_update=PolyakAverage(0.3) if polyak else PeriodicCopy(3),
    )
    learner = learner_with_another_target(rule, specs)
    bare = BareUpdate(weights_of(learner.network), double, huber, lambdas, bound, rate=1e-2)
    bare.target = weights_of(learner.target)
    rng = np.random.default_rng(5)
    for step in range(1, STEPS + 1):
        batches = [make_batch(spec, size, rng) for spec, size in zip(specs, sizes, strict=True)]
        result = learner.step(batches)
        losses, abs_errors, norm = bare.step(batches)
        if polyak:
            bare.target = {n: 0.7 * bare.target[n] + 0.3 * bare.online[n].detach() for n in bare.target}
        elif step in (3, 6):
            bare.target = {n: value.detach().clone() for n, value in bare.online.items()}
        assert result.loss_T.tolist() == pytest.approx(losses, rel=1e-4, abs=1e-6)
        for found, expected in zip(result.abs_td_errors, abs_errors, strict=True):
            assert found.tolist() == pytest.approx(expected, rel=1e-4, abs=1e-5)
        assert float(result.gradient_norm) == pytest.approx(norm, rel=1e-4)
        assert_same_weights(learner.network, bare.online, step)
        assert_same_weights(learner.target, bare.target, step)
    assert learner.learner_step == STEPS


@pytest.mark.parametrize("bound", [0.3, 1e6], ids=["clipped", "free"])
@pytest.mark.parametrize("huber", [True, False], ids=["huber", "squared"])
@pytest.mark.parametrize("double", [True, False], ids=["double", "plain"])
@pytest.mark.parametrize("polyak", [True, False], ids=["polyak", "periodic"])
def test_several_updates_equal_the_bare_implementation(polyak, double, huber, bound):
    """Two tasks that differ in observations and actions, with every choice of the rule."""
    assert_updates_equal(two_specs(), (6, 4), polyak, double, huber, bound)


@pytest.mark.parametrize("sizes", [(5, 5, 5, 5, 5), (3, 2, 3, 2, 2), (1, 2, 3, 4, 5)])
@pytest.mark.parametrize("double", [True, False], ids=["double", "plain"])
def test_updates_of_tasks_that_go_through_as_one_equal_the_bare_implementation(sizes, double):
    """Groups of three, two and one, with batch sizes that are equal, nearly equal and all different."""
    assert_updates_equal(ALIKE, sizes, polyak=False, double=double, huber=True, bound=0.3)


def test_the_cases_above_differ_from_each_other():
    """Double against plain, Huber against square, clipped against free: each choice changes the weights."""
    ends = []
    for double, loss, bound in [
        (True, huber_loss, 1e6),
        (False, huber_loss, 1e6),
        (True, squared_loss, 1e6),
        (True, huber_loss, 0.3),
    ]:
        rule = make_rule(double=double, loss=ErrorLoss(loss), max_gradient_norm=bound)
        learner = learner_with_another_target(rule, two_specs())
        rng = np.random.default_rng(5)
        for _ in range(STEPS):
            learner.step(make_batches(rng))
        ends.append(WeightsLayout(learner.network).snapshot(learner.network).digest())
    assert len(set(ends)) == 4, ends
