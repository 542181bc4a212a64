"""Weights that follow losses, against numbers that were worked out by hand."""

import math

import pytest
import torch
from torch import Tensor

from learner.weighting import loss_ratio, uncertainty
from learner.weighting.famo import FamoWeighting
from learner.weighting.fixed import FixedWeighting
from learner.weighting.interface import TaskWeighting
from learner.weighting.loss_ratio import DynamicWeightAverage
from learner.weighting.memory import OwnAdam
from learner.weighting.uncertainty import UncertaintyWeighting


def update(weighting: TaskWeighting, *losses: float, after: tuple[float, ...] | None = None) -> list[float]:
    """Make an update of such losses; return by what each was multiplied."""
    loss_T = torch.tensor(losses, requires_grad=True)
    weighting.backward(loss_T, None)
    weighting.after_update(lambda: torch.tensor(losses if after is None else after))
    assert loss_T.grad is not None
    torch.testing.assert_close(loss_T.grad, weighting.weights_T)
    return loss_T.grad.tolist()


def test_fixed_weights_are_those_given():
    """And stay so."""
    weighting = FixedWeighting([0.5, 2.0, 0.0])
    assert [update(weighting, 1.0, 2.0, 3.0) for _ in range(2)] == [[0.5, 2.0, 0.0]] * 2


def test_own_adam_steps_as_torch_does():
    """Twenty steps of random gradients."""
    rng = torch.Generator().manual_seed(0)
    theirs = torch.nn.Parameter(torch.zeros(3))
    optimizer = torch.optim.Adam([theirs], lr=0.1)
    ours, own = torch.zeros(3), OwnAdam(3, 0.1)
    for _ in range(20):
        theirs.grad = torch.randn(3, generator=rng)
        own.step(ours, theirs.grad)
        optimizer.step()
        torch.testing.assert_close(ours, theirs.detach(), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("huge", [1e25, -1e25, 3e38, math.inf])
def test_the_moments_outlive_a_gradient_without_bounds(huge: float):
    """The loss of rewards in the millions has a square that float32 does not hold; steps stay steps."""
    value, adam = torch.zeros(1), OwnAdam(1, 0.1)
    adam.step(value, torch.tensor([huge]))
    assert value.item() == pytest.approx(-0.1 * math.copysign(1.0, huge))
    before = value.clone()
    adam.step(value, torch.tensor([huge]))
    assert abs((value - before).item()) == pytest.approx(0.1)
    assert bool(adam.square_T.isfinite().all())


def test_uncertainty_begins_after_its_warm_up(monkeypatch: pytest.MonkeyPatch):
    """Log variances move only then, by Adam's first step of 1e-3: up for a loss above 1, else down."""
    monkeypatch.setattr(uncertainty, "WARM_UP_UPDATES", 3)
    weighting = UncertaintyWeighting(2)
    assert [update(weighting, 4.0, 0.25) for _ in range(4)] == [[1.0, 1.0]] * 4
    assert weighting.log_variance_T.tolist() == pytest.approx([0.001, -0.001], rel=1e-4)
    large, small = math.exp(-0.001), math.exp(0.001)
    mean = (large + small) / 2
    assert update(weighting, 4.0, 0.25) == pytest.approx([large / mean, small / mean])


def test_uncertainty_ends_at_one_over_the_loss_and_within_bounds(monkeypatch: pytest.MonkeyPatch):
    """s = log L within [-2, 2]: a task whose loss is zero counts for e^2 and no more."""
    monkeypatch.setattr(uncertainty, "WARM_UP_UPDATES", 0)
    monkeypatch.setattr(uncertainty, "LEARNING_RATE", 0.05)
    weighting = UncertaintyWeighting(3)
    for _ in range(600):
        weights = update(weighting, 2.0, 0.0, 1e6)
    assert weighting.log_variance_T.tolist() == pytest.approx([math.log(2.0), -2.0, 2.0], abs=0.05)
    assert sum(weights) == pytest.approx(3.0)


def test_dwa_gives_most_to_the_task_whose_loss_falls_least(monkeypatch: pytest.MonkeyPatch):
    """Means of windows of two updates, 2 and 4, then 1 and 4: ratios 1/2 and 1, temperature 2."""
    monkeypatch.setattr(loss_ratio, "WINDOW_UPDATES", 2)
    monkeypatch.setattr(loss_ratio, "SMALL_LOSS", 0.0)
    weighting = DynamicWeightAverage(2)
    found = [update(weighting, *losses) for losses in ((1.0, 5.0), (3.0, 3.0), (0.5, 4.0), (1.5, 4.0))]
    assert found == [[1.0, 1.0]] * 4
    falling, level = math.exp(0.25), math.exp(0.5)
    expected = [2 * falling / (falling + level), 2 * level / (falling + level)]
    assert update(weighting, 9.0, 9.0) == pytest.approx(expected)
    assert update(weighting, 9.0, 9.0) == pytest.approx(expected)
    assert update(weighting, 1.0, 1.0) != pytest.approx(expected)


def test_dwa_stays_finite_where_losses_are_zero(monkeypatch: pytest.MonkeyPatch):
    """A sparse task's loss may be zero for windows and then jump."""
    monkeypatch.setattr(loss_ratio, "WINDOW_UPDATES", 1)
    weighting = DynamicWeightAverage(2)
    for first in (0.0, 0.0, 10.0, 0.0):
        weights = update(weighting, first, 1.0)
        assert all(map(math.isfinite, weights))
        assert sum(weights) == pytest.approx(2.0)


def test_famo_starts_inverse_to_the_losses():
    """Equal shares: weights c z / L that sum to T, here 2 * (1/1, 1/3) / (4/3)."""
    assert update(FamoWeighting(2), 1.0, 3.0) == pytest.approx([1.5, 0.5], rel=1e-3)


def test_famo_gives_more_to_the_task_whose_loss_fell_least():
    """Logits move by Adam's first step of 0.025, down where log loss fell most."""
    weighting = FamoWeighting(2)
    update(weighting, 1.0, 1.0, after=(0.5, 0.9))
    assert weighting.logits_T.tolist() == pytest.approx([-0.025, 0.025], rel=1e-3)
    ratio = math.exp(0.05)
    assert update(weighting, 1.0, 1.0) == pytest.approx([2 / (1 + ratio), 2 * ratio / (1 + ratio)], rel=1e-4)


def test_famos_gradient_is_that_of_the_papers_algorithm():
    """J^T delta + gamma xi, with J by autograd; two updates in, where logits are not zero."""
    weighting, seen = FamoWeighting(3), []

    class Recording(OwnAdam):
        def step(self, value_T: Tensor, gradient_T: Tensor) -> None:
            seen.append((value_T.clone(), gradient_T.clone()))
            super().step(value_T, gradient_T)

    weighting._adam = Recording(3, 0.025)
    pairs = [((1.0, 2.0, 3.0), (0.5, 1.9, 3.1)), ((0.7, 1.0, 4.0), (0.6, 1.2, 1.0))]
    for before, after in pairs:
        update(weighting, *before, after=after)
    for (before, after), (logits_T, gradient_T) in zip(pairs, seen, strict=True):
        xi = logits_T.clone().requires_grad_()
        delta = torch.tensor(before).add(1e-4).log() - torch.tensor(after).add(1e-4).log()
        (torch.softmax(xi, 0) @ delta).backward()
        assert xi.grad is not None
        torch.testing.assert_close(gradient_T, xi.grad + 1e-3 * logits_T)


@pytest.mark.parametrize("losses", [(0.0, 1.0), (0.0, 0.0)])
def test_famo_stays_finite_where_losses_are_zero(losses):
    """Zero is a loss that happens: a task that expects nothing and gets nothing."""
    weighting = FamoWeighting(2)
    for _ in range(20):
        weights = update(weighting, *losses)
        assert sum(weights) == pytest.approx(2.0)
