"""Importance weights: bounded, exact where they must be, and blind to how replay is split."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from learner.td import importance_weights

PRIORITIES = st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=40)
EXPONENTS = st.floats(0.0, 1.0)


@pytest.mark.parametrize("exponent", [0.0, 0.4, 0.7, 1.0])
@pytest.mark.parametrize("count", [1, 3, 7, 1000])
def test_equal_priorities_weigh_exactly_one(count, exponent):
    """Uniform draws need no correction, to the last bit."""
    weights = importance_weights(np.full(5, 1 / count), count, exponent)
    assert weights.dtype == np.float32
    assert weights.tolist() == [1.0] * 5


def test_weights_match_the_formula_by_hand():
    """Four items drawn with 0.5, 0.25 and 0.125: (N p)^-1 is 0.5, 1 and 2, over the largest."""
    probabilities = np.array([0.5, 0.25, 0.125])
    assert importance_weights(probabilities, 4, 1.0).tolist() == [0.25, 0.5, 1.0]
    np.testing.assert_allclose(importance_weights(probabilities, 4, 0.5), [0.5, 0.5**0.5, 1.0], rtol=1e-6)


@given(PRIORITIES, EXPONENTS)
def test_the_largest_weight_is_one_and_belongs_to_the_rarest(priorities, exponent):
    """Weights only ever scale an update down; rarer items weigh more."""
    mass = np.array(priorities)
    weights = importance_weights(mass / mass.sum(), len(mass), exponent)
    assert weights.max() == 1.0
    assert weights.min() > 0.0
    assert weights[mass.argmin()] == 1.0
    assert (np.diff(weights[mass.argsort()]) <= 0).all()


@given(PRIORITIES)
def test_exponent_zero_switches_the_correction_off(priorities):
    """Every weight is exactly 1."""
    mass = np.array(priorities)
    assert (importance_weights(mass / mass.sum(), len(mass), 0.0) == 1.0).all()


@given(PRIORITIES, EXPONENTS, st.integers(1, 5), st.randoms(use_true_random=False))
def test_splitting_a_buffer_over_shards_changes_no_weight(priorities, exponent, shards, random):
    """With P(shard) in proportion to its mass, P(shard) p(item | shard) weighs as one big buffer does."""
    mass = np.array(priorities)
    shard_of = np.array([random.randrange(shards) for _ in priorities])
    shard_mass = np.bincount(shard_of, weights=mass, minlength=shards)
    global_probability = (shard_mass / mass.sum())[shard_of] * (mass / shard_mass[shard_of])
    split = importance_weights(global_probability, len(mass), exponent)
    one = importance_weights(mass / mass.sum(), len(mass), exponent)
    np.testing.assert_allclose(split, one, rtol=1e-6)


@given(PRIORITIES, st.integers(1, 10**7))
def test_the_number_of_items_cancels_against_the_maximum(priorities, num_items):
    """N scales every weight alike, so a count that is a little old does no harm."""
    mass = np.array(priorities)
    probabilities = mass / mass.sum()
    np.testing.assert_allclose(
        importance_weights(probabilities, num_items, 0.7),
        importance_weights(probabilities, len(mass), 0.7),
        rtol=1e-6,
    )


def test_items_of_a_shard_that_is_lost_since_they_were_drawn_have_weights():
    """Nothing is left of the task by then: the weights are those of any number of items."""
    probabilities = np.array([0.5, 0.25, 0.25])
    np.testing.assert_array_equal(
        importance_weights(probabilities, 0, 0.5), importance_weights(probabilities, 1, 0.5)
    )
    assert np.isfinite(importance_weights(probabilities, 0, 0.5)).all()
