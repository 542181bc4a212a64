"""Selectors: probabilities, drawn frequencies, removal."""

import numpy as np
import pytest

from replay.selectors.interface import Selector
from replay.selectors.proportional import Proportional
from replay.selectors.uniform import Uniform

DRAWS = 40_000
SEEDS = range(10)
CHI_SQUARE_70_DF_P_0_001 = 112.3
"""Ten seeds of seven degrees of freedom each: no single lucky or unlucky seed decides."""


def drawn(selector: Selector, size: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    return selector.sample(size, np.random.default_rng(seed))


def chi_square(selector: Selector, probabilities: np.ndarray) -> float:
    """Return the statistic of the drawn frequencies, summed over all seeds."""
    expected = DRAWS * probabilities
    observed = [np.bincount(drawn(selector, DRAWS, seed)[0], minlength=len(expected)) for seed in SEEDS]
    return float(((np.array(observed) - expected) ** 2 / expected).sum())


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0, 1.5])
def test_probability_is_the_priority_to_the_exponent_over_the_sum(exponent: float):
    """Schaul et al. 2016, eq. 1, for each drawn slot."""
    priorities = np.array([1.0, 4.0, 9.0, 16.0], np.float32)
    selector = Proportional(4, exponent, smallest_priority=0.0)
    selector.insert(np.arange(4), priorities)
    slots, probabilities = drawn(selector, 200)
    powers = priorities.astype(np.float64) ** exponent
    np.testing.assert_allclose(probabilities, (powers / powers.sum())[slots], rtol=1e-12)
    assert selector.mass == pytest.approx(powers.sum())


def test_smallest_priority_is_added_before_the_exponent():
    """A priority of 0 weighs smallest^a, and one of p weighs (p + smallest)^a."""
    selector = Proportional(2, priority_exponent=0.5, smallest_priority=0.25)
    selector.insert(np.arange(2), np.array([0.0, 2.0], np.float32))
    slots, probabilities = drawn(selector, 100)
    np.testing.assert_allclose(probabilities, np.array([0.25, 0.75])[slots], rtol=1e-12)


def test_proportional_draws_in_proportion_to_priorities():
    """Drawn frequencies pass a chi-square test against p^a, and fail one against equal shares."""
    priorities = np.arange(1, 9, dtype=np.float32)
    selector = Proportional(8, priority_exponent=0.6, smallest_priority=0.0)
    selector.insert(np.arange(8), priorities)
    powers = priorities.astype(np.float64) ** 0.6
    assert chi_square(selector, powers / powers.sum()) < CHI_SQUARE_70_DF_P_0_001
    assert chi_square(selector, np.full(8, 1 / 8)) > 10 * CHI_SQUARE_70_DF_P_0_001


def test_uniform_draws_with_equal_shares_whatever_the_priorities():
    """Drawn frequencies pass a chi-square test against equal shares, and so do the probabilities told."""
    selector = Uniform(8)
    selector.insert(np.arange(8), np.arange(8, dtype=np.float32) * 100)
    selector.update(np.arange(4), np.full(4, 1e6, np.float32))
    assert chi_square(selector, np.full(8, 1 / 8)) < CHI_SQUARE_70_DF_P_0_001
    assert set(drawn(selector, DRAWS)[1]) == {1 / 8}


def test_uniform_does_not_bring_back_a_removed_slot_on_update():
    """A late update of a removed slot leaves it undrawable."""
    selector = Uniform(3)
    selector.insert(np.arange(3), np.ones(3, np.float32))
    selector.remove(np.array([1]))
    selector.update(np.array([1]), np.ones(1, np.float32))
    assert set(drawn(selector, 500)[0]) == {0, 2}


@pytest.mark.parametrize("selector", [Proportional(4, 0.6), Uniform(4)], ids=["proportional", "uniform"])
def test_only_slots_that_were_inserted_and_not_removed_are_drawn(selector: Selector):
    """Slots 0 and 2 are drawable, 1 was never inserted, 3 was removed."""
    selector.insert(np.array([0, 2, 3]), np.array([1.0, 2.0, 50.0], np.float32))
    selector.remove(np.array([3]))
    slots, probabilities = drawn(selector, 500)
    assert set(slots) == {0, 2}
    assert sum(dict(zip(slots, probabilities, strict=True)).values()) == pytest.approx(1.0)


def test_an_update_changes_the_probability():
    """After an update the old priority has no say."""
    selector = Proportional(2, priority_exponent=1.0, smallest_priority=0.0)
    selector.insert(np.arange(2), np.ones(2, np.float32))
    selector.update(np.array([1]), np.array([3.0], np.float32))
    slots, probabilities = drawn(selector, 100)
    np.testing.assert_allclose(probabilities, np.array([0.25, 0.75])[slots])


@pytest.mark.parametrize("bad", [-1.0, float("nan"), float("inf")])
def test_an_update_that_is_no_priority_is_counted_and_ignored(bad: float):
    """The item keeps the priority it had; its neighbour gets its new one."""
    selector = Proportional(2, priority_exponent=1.0, smallest_priority=0.0)
    selector.insert(np.arange(2), np.array([3.0, 5.0], np.float32))
    assert selector.update(np.arange(2), np.array([bad, 1.0], np.float32)) == 1
    assert selector.priorities(np.arange(2)).tolist() == [3.0, 1.0]


@pytest.mark.parametrize("exponent", [0.4, 0.6, 1.0])
def test_priorities_come_back_as_they_can_be_inserted_again(exponent: float):
    """A second selector that is given them draws with the same probabilities."""
    priorities = np.array([0.0, 1e-4, 0.5, 1.0, 77.0, 1e4], np.float32)
    first, second = Proportional(6, exponent), Proportional(6, exponent)
    first.insert(np.arange(6), priorities)
    given = first.priorities(np.arange(6))
    assert given.dtype == np.float32
    np.testing.assert_allclose(given, priorities, rtol=1e-5, atol=1e-6)
    second.insert(np.arange(6), given)
    np.testing.assert_allclose(second.mass, first.mass, rtol=1e-6)


def test_a_uniform_selectors_priorities_and_mass():
    """Every item has priority 1 and weighs 1, whatever it was given."""
    selector = Uniform(8)
    selector.insert(np.array([1, 5]), np.array([0.0, 1e6], np.float32))
    assert selector.priorities(np.array([1, 5])).tolist() == [1.0, 1.0]
    assert selector.mass == 2.0


def test_the_same_generator_state_draws_the_same_slots():
    """Nothing but the given generator decides."""
    selector = Proportional(16, 0.6)
    selector.insert(np.arange(16), np.arange(16, dtype=np.float32))
    assert drawn(selector, 64, seed=5)[0].tolist() == drawn(selector, 64, seed=5)[0].tolist()
    assert drawn(selector, 64, seed=5)[0].tolist() != drawn(selector, 64, seed=6)[0].tolist()
