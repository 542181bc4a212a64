"""Paired tests and what they can see, on numbers computed by hand and by simulation."""

import math

import numpy as np
import pytest

from study.paired import attainable_level, holm, sign_flip_p, visible_difference


def test_five_pairs_of_one_sign_give_two_of_thirty_two():
    """Only all plus and all minus reach as far; 1, 2, -3 sum to zero, which all patterns reach."""
    difference_SM = np.array([[1.0], [2.0], [3.0], [4.0], [5.0]])
    assert sign_flip_p(difference_SM, np.random.default_rng(0)) == pytest.approx([2 / 32])
    assert sign_flip_p(np.array([[1.0], [2.0], [-3.0]]), np.random.default_rng(0)) == pytest.approx([1.0])


def test_holm_by_hand():
    """0.01 x 4, 0.02 x 3, then 0.03 x 2 = 0.06 and 0.04 x 1, which may not be below 0.06."""
    assert holm(np.array([0.04, 0.01, 0.03, 0.02])) == pytest.approx([0.06, 0.04, 0.06, 0.06])


def test_eight_pairs_cannot_pass_ten_tests():
    """Their smallest p is 2/256, more than 0.005; nine pairs' is 2/512."""
    assert attainable_level(8, 0.05, 10) == 0
    assert attainable_level(9, 0.05, 10) == pytest.approx(2 / 512)
    assert math.isinf(visible_difference(1.0, 8, 0.05, 10))


@pytest.mark.parametrize(("pairs", "tests"), [(20, 10), (20, 2), (30, 4), (12, 1)])
def test_a_visible_difference_is_seen_four_times_in_five(pairs, tests):
    """Simulated: normal differences of that mean are found with a power near 0.8 at the first Holm step."""
    rng = np.random.default_rng(3)
    shift = visible_difference(2.0, pairs, 0.05, tests)
    p_M = sign_flip_p(rng.normal(shift, 2.0, (pairs, 2000)), rng)
    assert np.mean(p_M <= 0.05 / tests) == pytest.approx(0.8, abs=0.04)


def test_a_visible_difference_against_a_table_of_student_t():
    """n = 20, one test: t_{.975, 19} = 2.0930, t_{.8, 19} = 0.8610; over sqrt(20) that is 0.6605."""
    assert visible_difference(1.0, 20, 0.05, 1) == pytest.approx(0.6605, abs=2e-4)


def test_like_arms_are_told_apart_at_the_nominal_rate():
    """Of 4,000 pairs of like samples, one in twenty has p <= .05, exact or drawn."""
    for pairs in (10, 20):
        rng = np.random.default_rng(5)
        p_M = sign_flip_p(rng.normal(0.0, 1.0, (pairs, 4000)), rng)
        assert np.mean(p_M <= 0.05) == pytest.approx(0.05, abs=0.012)
