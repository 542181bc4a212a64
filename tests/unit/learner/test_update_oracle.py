"""The learner's step against a second, flat implementation of the same mathematics."""

import numpy as np
import pytest
import torch

from learner.learner import Learner, UpdateRule
from learner.target_network import PeriodicCopy, PolyakAverage, copy_parameters
from learner.task_weighting import FixedWeighting
from learner.td import huber_loss, squared_loss
from network.multi_task import MultiTaskNetwork
from network.weights import WeightsLayout
from tests.support.learning_builders import make_batches, make_learner, make_network, make_rule
from tests.unit.learner.bare_update import BareUpdate, Weights

STEPS = 7
LAMBDAS = (1.0, 0.25)


def learner_with_another_target(rule: UpdateRule) -> Learner:
    """A learner whose networks differ from the first update on, so that Double DQN matters at once."""
    learner = make_learner(rule)
    copy_parameters(learner.target, make_network(seed=2))
    return learner


def assert_same_weights(network: MultiTaskNetwork, expected: Weights, step: int) -> None:
    for name, parameter in network.named_parameters():
        difference = float((parameter.detach() - expected[name].detach()).abs().max())
        assert difference < 2e-6, f"{name} differs by {difference} after update {step}"


@pytest.mark.parametrize("bound", [0.3, 1e6], ids=["clipped", "free"])
@pytest.mark.parametrize("huber", [True, False], ids=["huber", "squared"])
@pytest.mark.parametrize("double", [True, False], ids=["double", "plain"])
@pytest.mark.parametrize("polyak", [True, False], ids=["polyak", "periodic"])
def test_several_updates_equal_the_bare_implementation(polyak, double, huber, bound):
    """Losses, TD errors, gradient norm, online weights and target weights agree update by update."""
    rule = make_rule(
        loss=huber_loss if huber else squared_loss,
        double=double,
        max_gradient_norm=bound,
        weighting=FixedWeighting(LAMBDAS, torch.device("cpu")),
        target_update=PolyakAverage(0.3) if polyak else PeriodicCopy(3),
    )
    learner = learner_with_another_target(rule)
    bare = BareUpdate(dict(learner.network.named_parameters()), double, huber, LAMBDAS, bound, rate=1e-2)
    bare.target = {name: value.clone() for name, value in learner.target.named_parameters()}
    rng = np.random.default_rng(5)
    for step in range(1, STEPS + 1):
        batches = make_batches(rng)
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


def test_the_cases_above_differ_from_each_other():
    """Double against plain, Huber against square, clipped against free: each choice changes the weights."""
    ends = []
    for double, loss, bound in [
        (True, huber_loss, 1e6),
        (False, huber_loss, 1e6),
        (True, squared_loss, 1e6),
        (True, huber_loss, 0.3),
    ]:
        rule = make_rule(double=double, loss=loss, max_gradient_norm=bound)
        learner = learner_with_another_target(rule)
        rng = np.random.default_rng(5)
        for _ in range(STEPS):
            learner.step(make_batches(rng))
        ends.append(WeightsLayout(learner.network).snapshot(learner.network).digest())
    assert len(set(ends)) == 4, ends
