"""The HL-Gauss histogram and loss beside numerical integration and a loop."""

import math

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from learner.loss.hl_gauss import RELATIVE_DEVIATION, HLGauss
from network.support import Support

SUPPORTS = st.tuples(st.integers(2, 60), st.sampled_from([1.0, 10.0, 25.0]))


def integrated(target: float, bins: int, bound: float) -> np.ndarray:
    """Return the mass of the normal density in each bin over that in all, by the midpoint rule."""
    width = 2 * bound / bins
    deviation = RELATIVE_DEVIATION * width
    pieces = 200
    points = -bound + (np.arange(bins * pieces) + 0.5) * width / pieces
    density = np.exp(-0.5 * ((points - target) / deviation) ** 2)
    mass = density.reshape(bins, pieces).sum(1)
    return np.asarray(mass / mass.sum())


@settings(max_examples=25, deadline=None)
@given(shape=SUPPORTS, place=st.floats(-1, 1))
def test_the_histogram_is_that_of_the_density(shape: tuple[int, float], place: float):
    """Anywhere on the support, its ends too."""
    bins, bound = shape
    found = HLGauss(Support(bins, bound)).histogram(torch.tensor([place * bound]))[0]
    np.testing.assert_allclose(found.numpy(), integrated(place * bound, bins, bound), atol=2e-5)


@settings(max_examples=25, deadline=None)
@given(shape=SUPPORTS, beyond=st.floats(1, 1e6), sign=st.sampled_from([-1.0, 1.0]))
def test_targets_beyond_the_support_count_as_its_ends(shape: tuple[int, float], beyond: float, sign: float):
    """However far."""
    bins, bound = shape
    loss = HLGauss(Support(bins, bound))
    far, end = loss.histogram(torch.tensor([sign * bound * beyond, sign * bound]))
    assert torch.equal(far, end)


@settings(max_examples=25, deadline=None)
@given(shape=st.tuples(st.integers(11, 60), st.sampled_from([1.0, 10.0])), place=st.floats(-1, 1))
def test_within_its_reach_the_expectation_is_the_target(shape: tuple[int, float], place: float):
    """A head that fits the histogram says the target, to a small part of a bin."""
    bins, bound = shape
    support = Support(bins, bound)
    loss = HLGauss(support)
    target = torch.tensor([place * loss.reach])
    said = support(loss.histogram(target).log())
    assert abs(float(said - target)) < 0.02 * 2 * bound / bins


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 99), targets=st.lists(st.floats(-12, 12), min_size=1, max_size=5))
def test_the_loss_is_the_cross_entropy(seed: int, targets: list[float]):
    """- sum p log q, row by row; and the error is what the expectation lacks."""
    logits_NK = torch.randn(len(targets), 7, generator=torch.Generator().manual_seed(seed))
    loss = HLGauss(Support(7, 10.0))
    found_N, error_N = loss(logits_NK, torch.tensor(targets))
    for row, target, found, error in zip(logits_NK, targets, found_N, error_N, strict=True):
        mass = integrated(min(max(target, -10.0), 10.0), 7, 10.0)
        total = sum(math.exp(logit) for logit in row.tolist())
        expected = -sum(p * (logit - math.log(total)) for p, logit in zip(mass, row.tolist(), strict=True))
        assert math.isclose(float(found), expected, rel_tol=1e-3, abs_tol=1e-4)
        chances = [math.exp(logit) / total for logit in row.tolist()]
        said = sum(chance * (20 * (k + 0.5) / 7 - 10) for k, chance in enumerate(chances))
        assert math.isclose(float(error), target - said, rel_tol=1e-3, abs_tol=1e-4)
