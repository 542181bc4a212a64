"""The rate limiter: values by hand, and the smallest buffer that cannot deadlock."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.rate_limiter import NO_LIMIT, RateLimiter, smallest_error_buffer


def is_stuck(limiter: RateLimiter, inserts: int, samples: int, insert_size: int, sample_size: int) -> bool:
    may_insert = inserts + insert_size <= limiter.most_inserts(samples)
    return not may_insert and not limiter.may_sample(inserts, samples, sample_size)


def deadlocks(limiter: RateLimiter, insert_size: int, sample_size: int, choices: list[bool]) -> bool:
    """Walk through inserts (True) and samples as far as allowed; return whether both were refused."""
    inserts = samples = 0
    for prefers_insert in choices:
        may_insert = inserts + insert_size <= limiter.most_inserts(samples)
        may_sample = limiter.may_sample(inserts, samples, sample_size)
        if not may_insert and not may_sample:
            return True
        if may_insert and (prefers_insert or not may_sample):
            inserts += insert_size
        else:
            samples += sample_size
    return is_stuck(limiter, inserts, samples, insert_size, sample_size)


def test_running_values_by_hand():
    """Two samples an insert, a minimum of 4, a buffer of 4: 2 * inserts - samples is in [4, 12]."""
    limiter = RateLimiter(samples_per_insert=2.0, min_size_to_sample=4, error_buffer=4.0)
    assert not limiter.may_sample(0, 0, 1)
    assert limiter.most_inserts(0) == 6  # balance 12, the upper end
    assert not limiter.may_sample(3, 0, 1)  # balance 6, but 3 items are fewer than 4
    assert limiter.may_sample(4, 0, 4)  # balance 8, would leave 4, the lower end
    assert not limiter.may_sample(4, 0, 5)  # would leave 3
    assert limiter.may_sample(6, 0, 8)
    assert not limiter.may_sample(6, 8, 1)  # balance 4
    assert limiter.most_inserts(8) == 10  # would make 12
    assert limiter.most_inserts(9) == 10  # 11 would make 13


def test_least_inserts_by_hand():
    """With the same band: 9 samples need inserts with 2 * inserts >= 13, which is 7."""
    limiter = RateLimiter(samples_per_insert=2.0, min_size_to_sample=4, error_buffer=4.0)
    assert [limiter.least_inserts(0, count) for count in (1, 4, 5, 6, 7, 9)] == [4, 4, 5, 5, 6, 7]
    assert limiter.least_inserts(8, 1) == limiter.least_inserts(0, 9) == 7


@given(
    ratio=st.floats(0.01, 100.0),
    minimum=st.integers(0, 1000),
    buffer=st.floats(0.0, 1e4),
    samples=st.integers(0, 10**6),
    count=st.integers(1, 1000),
)
def test_least_inserts_is_where_sampling_begins_to_be_allowed(
    ratio: float, minimum: int, buffer: float, samples: int, count: int
):
    """One insert less is too few."""
    limiter = RateLimiter(ratio, minimum, buffer)
    least = limiter.least_inserts(samples, count)
    assert limiter.may_sample(least, samples, count)
    assert not limiter.may_sample(least - 1, samples, count)


def test_inserts_may_go_up_to_the_minimum_at_least():
    """Below the minimum nothing can be sampled, so holding inserts back would be a deadlock."""
    limiter = RateLimiter(samples_per_insert=8.0, min_size_to_sample=100, error_buffer=1.0)
    assert limiter.most_inserts(0) == 100


def test_without_a_ratio_only_the_minimum_counts():
    """samples_per_insert None: any number of inserts, and of samples once the minimum is there."""
    limiter = RateLimiter(samples_per_insert=None, min_size_to_sample=10, error_buffer=0.0)
    assert limiter.most_inserts(0) == limiter.most_inserts(10**9) == NO_LIMIT
    assert (limiter.may_sample(9, 0, 1), limiter.may_sample(10, 10**9, 10**9)) == (False, True)
    assert limiter.least_inserts(10**9, 10**9) == 10


def test_the_first_items_are_not_owed_any_samples():
    """After the minimum the long-run ratio is samples over later inserts."""
    limiter = RateLimiter(samples_per_insert=4.0, min_size_to_sample=1000, error_buffer=40.0)
    inserts, samples = 1000, 0
    for _ in range(5000):
        if limiter.may_sample(inserts, samples, 8):
            samples += 8
        else:
            inserts += 2
    assert samples / (inserts - 1000) == pytest.approx(4.0, rel=0.01)


def test_smallest_error_buffer_by_hand():
    """Half of what one insert adds plus half of what one draw takes, and two items for rounding."""
    assert smallest_error_buffer(8.0, insert_size=64, sample_size=512) == 512.0 + 8.0


def test_more_shards_need_room_for_an_insert_on_each():
    """The room is split over them, so each may lack a little less than one insert."""
    assert smallest_error_buffer(8.0, insert_size=64, sample_size=4096, shards=3) == 2816.0 + 8.0


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
    assert not is_stuck(limiter, inserts, samples, insert_size, sample_size)


@pytest.mark.parametrize(
    ("ratio", "insert_size", "sample_size"), [(8.0, 64, 512), (1.0, 10, 10), (4.0, 7, 32), (0.5, 40, 16)]
)
def test_with_less_than_the_smallest_buffer_some_sequence_deadlocks(
    ratio: float, insert_size: int, sample_size: int
):
    """The bound is tight but for the two items: a walk exists in which both are refused."""
    buffer = 0.9 * (smallest_error_buffer(ratio, insert_size, sample_size) - ratio)
    rng = np.random.default_rng(0)
    walks = [(minimum, rng.random(200) < 0.5) for minimum in range(1, 200)]
    assert any(
        deadlocks(RateLimiter(ratio, minimum, buffer), insert_size, sample_size, choices.tolist())
        for minimum, choices in walks
    )


@pytest.mark.parametrize(("request_size", "unused"), [(8, 20), (60, 8), (76, 0)])
def test_inserts_that_may_stay_unused_by_hand_worked_numbers(request_size: int, unused: int):
    """Two samples an insert, 40 to either side: 20 inserts reach the minimum, or (80 - request - 4) / 2."""
    assert RateLimiter(2.0, min_size_to_sample=10, error_buffer=40.0).most_unused(request_size) == unused


def test_without_a_ratio_everything_may_stay_unused():
    """Nobody waits for inserts beyond the minimum."""
    assert RateLimiter(None, min_size_to_sample=10, error_buffer=0.0).most_unused(1000) == NO_LIMIT
