"""The rate limiter: running values by hand, the band, and the smallest buffer that cannot deadlock."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.rate_limiter import RateLimiter, smallest_error_buffer


def is_stuck(limiter: RateLimiter, insert_size: int, sample_size: int) -> bool:
    return not limiter.may_insert(insert_size) and not limiter.may_sample(sample_size)


def deadlocks(limiter: RateLimiter, insert_size: int, sample_size: int, choices: list[bool]) -> bool:
    """Walk through inserts (True) and samples as far as allowed; return whether both were refused."""
    for prefers_insert in choices:
        if is_stuck(limiter, insert_size, sample_size):
            return True
        if limiter.may_insert(insert_size) and (prefers_insert or not limiter.may_sample(sample_size)):
            limiter.inserted(insert_size)
        else:
            limiter.sampled(sample_size)
    return is_stuck(limiter, insert_size, sample_size)


def test_running_values_by_hand():
    """Two samples an insert, a minimum of 4, a buffer of 4: 2 * inserts - samples is in [4, 12]."""
    limiter = RateLimiter(samples_per_insert=2.0, min_size_to_sample=4, error_buffer=4.0)
    assert not limiter.may_sample(1)  # balance 0, nothing there
    assert limiter.may_insert(3)
    limiter.inserted(3)  # balance 6, but 3 items are fewer than 4
    assert not limiter.may_sample(1)
    limiter.inserted(1)  # balance 8, the centre of the band
    assert limiter.may_sample(4)  # would leave 4, the lower end
    assert not limiter.may_sample(5)  # would leave 3
    assert limiter.may_insert(2)  # would make 12, the upper end
    assert not limiter.may_insert(3)  # would make 14
    limiter.inserted(2)  # balance 12
    assert not limiter.may_insert(1)
    limiter.sampled(8)  # balance 4
    assert not limiter.may_sample(1)
    assert limiter.may_insert(4)  # would make 12
    assert (limiter.inserts, limiter.samples) == (6, 8)


def test_inserts_are_free_until_the_minimum_is_there():
    """Below the minimum nothing can be sampled, so holding inserts back would be a deadlock."""
    limiter = RateLimiter(samples_per_insert=8.0, min_size_to_sample=100, error_buffer=1.0)
    limiter.inserted(99)
    assert limiter.may_insert(64)
    limiter.inserted(1)
    assert not limiter.may_insert(1)


def test_asking_changes_nothing():
    """`may_...` only answers."""
    limiter = RateLimiter(samples_per_insert=1.0, min_size_to_sample=1, error_buffer=2.0)
    limiter.inserted(1)
    assert [limiter.may_sample(2) for _ in range(3)] == [True] * 3
    assert (limiter.inserts, limiter.samples) == (1, 0)


def test_without_a_ratio_only_the_minimum_counts():
    """samples_per_insert None: any number of inserts and samples once the minimum is there."""
    limiter = RateLimiter(samples_per_insert=None, min_size_to_sample=10, error_buffer=0.0)
    limiter.inserted(9)
    assert (limiter.may_insert(10**9), limiter.may_sample(1)) == (True, False)
    limiter.inserted(1)
    limiter.sampled(10**9)
    assert (limiter.may_insert(10**9), limiter.may_sample(10**9)) == (True, True)


def test_the_first_items_are_not_owed_any_samples():
    """After the minimum the long-run ratio is samples over later inserts."""
    limiter = RateLimiter(samples_per_insert=4.0, min_size_to_sample=1000, error_buffer=40.0)
    limiter.inserted(1000)
    for _ in range(5000):
        if limiter.may_sample(8):
            limiter.sampled(8)
        else:
            limiter.inserted(2)
    assert limiter.samples / (limiter.inserts - 1000) == pytest.approx(4.0, rel=0.01)


def test_smallest_error_buffer_by_hand():
    """Half of what one insert adds plus half of what one draw takes, up to an allowance for rounding."""
    assert smallest_error_buffer(8.0, insert_size=64, sample_size=512) == pytest.approx(512.0, abs=0.01)


@given(
    quarters=st.integers(1, 64),
    insert_size=st.integers(1, 40),
    sample_size=st.integers(1, 80),
    minimum=st.integers(1, 60),
    choices=st.lists(st.booleans(), min_size=1, max_size=60),
)
def test_with_the_smallest_buffer_never_both_are_refused(
    quarters: int, insert_size: int, sample_size: int, minimum: int, choices: list[bool]
):
    """Whatever the order of calls, an insert or a draw is allowed."""
    ratio = quarters / 4
    limiter = RateLimiter(ratio, minimum, smallest_error_buffer(ratio, insert_size, sample_size))
    assert not deadlocks(limiter, insert_size, sample_size, choices)


@pytest.mark.parametrize(
    ("ratio", "insert_size", "sample_size", "minimum", "inserts", "samples"),
    [(1 / 3, 13, 11, 1, 143, 44), (0.05, 18, 2, 39, 450, 20), (0.3, 18, 12, 15, 306, 84)],
)
def test_rounding_does_not_deadlock_the_smallest_buffer(
    ratio: float, insert_size: int, sample_size: int, minimum: int, inserts: int, samples: int
):
    """Ratios that binary fractions cannot hold leave an insert or a draw allowed on the very edge too."""
    limiter = RateLimiter(ratio, minimum, smallest_error_buffer(ratio, insert_size, sample_size))
    limiter.inserted(inserts)
    limiter.sampled(samples)
    assert not is_stuck(limiter, insert_size, sample_size)


@pytest.mark.parametrize(
    ("ratio", "insert_size", "sample_size"), [(8.0, 64, 512), (1.0, 10, 10), (4.0, 7, 32), (0.5, 40, 16)]
)
def test_with_a_tenth_less_than_the_smallest_buffer_some_sequence_deadlocks(
    ratio: float, insert_size: int, sample_size: int
):
    """The bound is tight: a walk exists in which both are refused."""
    buffer = 0.9 * smallest_error_buffer(ratio, insert_size, sample_size)
    rng = np.random.default_rng(0)
    walks = [(minimum, rng.random(200) < 0.5) for minimum in range(1, 200)]
    assert any(
        deadlocks(RateLimiter(ratio, minimum, buffer), insert_size, sample_size, choices.tolist())
        for minimum, choices in walks
    )
