"""Tests of paired differences, and how small a difference they can see.

Shape letters: S pairs, M hypotheses, F flips.
"""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

EXACT_PAIRS = 14
"""Up to so many pairs every flip is looked at: 2^13 of them, since a flip and its opposite say the same."""

DRAWN_FLIPS = 20_000
ROUNDING = 1e-9
"""Flips whose sums differ by less than this share of all differences are ties."""


def sign_flip_p(difference_SM: Array, rng: np.random.Generator) -> Array:
    """Return the two-sided p-value of each mean difference: (M,).

    The paired permutation test (Fisher 1935): if both arms are alike, a pair's difference is as likely with
    the other sign, and p is the share of sign patterns whose mean is at least as far from zero. It assumes no
    shape. Past `EXACT_PAIRS` pairs it is a draw of patterns, in which the observed one counts too, so that p
    is never too small (Phipson and Smyth 2010). Differences of which one is not finite have no p-value: nan.

    Raises:
        ValueError: there are no pairs.
    """
    seeds = difference_SM.shape[0]
    if seeds == 0:
        raise ValueError("a sign-flip test needs one pair or more; there are none")
    if not np.isfinite(difference_SM).all():
        there_M = np.asarray(np.isfinite(difference_SM).all(0))
        p_M = np.full(there_M.shape, np.nan)
        p_M[there_M] = sign_flip_p(difference_SM[:, there_M], rng)
        return p_M
    exact = seeds <= EXACT_PAIRS
    signs_FS = _all_signs(seeds) if exact else rng.choice([-1.0, 1.0], (DRAWN_FLIPS, seeds))
    slack_M = ROUNDING * np.abs(difference_SM).sum(0)
    observed_M = np.abs(difference_SM.sum(0))
    as_far_M = (np.abs(signs_FS @ difference_SM) >= observed_M - slack_M).sum(0)
    return np.asarray(as_far_M / len(signs_FS) if exact else (as_far_M + 1) / (len(signs_FS) + 1))


def _all_signs(seeds: int) -> Array:
    """Return all sign patterns whose last sign is plus: (2^(S - 1), S)."""
    pattern_F = np.arange(2 ** (seeds - 1))[:, None]
    return np.where((pattern_F >> np.arange(seeds)) & 1, -1.0, 1.0)


def holm(p_M: Array) -> Array:
    """Return the p-values corrected for there being M of them (Holm 1979): (M,).

    What is then at most alpha holds with a chance of at most alpha of any error among all M. The k-th
    smallest is multiplied by M - k + 1, is no smaller than the one before it and at most 1. A test without a
    p-value, nan, stays without one and counts as one of the M.
    """
    order_M = np.argsort(p_M, kind="stable")
    scaled_M = p_M[order_M] * np.arange(len(p_M), 0, -1)
    corrected_M = np.empty_like(p_M)
    corrected_M[order_M] = np.minimum(np.maximum.accumulate(scaled_M), 1.0)
    return corrected_M


def attainable_level(pairs: int, alpha: float, tests: int) -> float:
    """Return the largest p-value up to alpha / tests that so many pairs can give; 0 if they can give none.

    The test has 2^(pairs - 1) answers: 8 pairs give no p below 0.0078, too much for the 0.005 of ten tests.
    """
    patterns = 2.0 ** (pairs - 1)
    return math.floor(alpha / tests * patterns) / patterns


def visible_difference(std: float, pairs: int, alpha: float, tests: int, power: float = 0.8) -> float:
    """Return the smallest true mean difference that is found with this power.

    It is infinite for too few pairs, and nan where all differences are equal: they say nothing of chance.

    It is (t_{1 - a/2} + t_{power}) std / sqrt(n), the normal approximation with the quantiles of Student's t
    of n - 1 degrees of freedom. Level a is that of Holm's first step, alpha / tests, rounded down to what n
    pairs can attain; the later steps are milder. Simulated with normal differences, the power is 0.78 to 0.80
    at 20 pairs or more, 0.75 at 12 and 0.63 at 9, where the test has few answers: there the true figure is
    somewhat larger.

    Args:
        std: of the paired differences, n - 1 in the denominator.
        pairs: n.
        alpha: level of all tests together.
        tests: how many are corrected together.
        power: chance to find such a difference.
    """
    level = attainable_level(pairs, alpha, tests)
    if level == 0:
        return math.inf
    if std == 0:
        return math.nan
    return (_t_quantile(1 - level / 2, pairs - 1) + _t_quantile(power, pairs - 1)) * std / math.sqrt(pairs)


def _t_quantile(probability: float, freedom: int) -> float:
    """Return a quantile of Student's t, by its expansion about the normal (Abramowitz and Stegun 26.7.5)."""
    z = NormalDist().inv_cdf(probability)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3
