"""The rate limiter's balance stays in its band, whatever sizes are asked for and in which order."""

from dataclasses import dataclass

from hypothesis import example, given
from hypothesis import strategies as st

from replay.rate_limiter import RateLimiter, smallest_error_buffer

CALLS = st.lists(st.tuples(st.booleans(), st.integers(1, 50)), max_size=150)
RATIOS = st.integers(1, 80).map(lambda eighths: eighths / 8)


@dataclass
class Counts:
    """What was inserted and sampled of one buffer that a limiter keeps the rate of."""

    limiter: RateLimiter
    inserts: int = 0
    samples: int = 0

    def may(self, is_insert: bool, count: int) -> bool:
        """Return whether it is allowed."""
        if is_insert:
            return self.inserts + count <= self.limiter.most_inserts(self.samples)
        return self.limiter.may_sample(self.inserts, self.samples, count)

    def apply(self, is_insert: bool, count: int) -> bool:
        """Do what is asked for if it is allowed; return whether it was."""
        allowed = self.may(is_insert, count)
        if allowed and is_insert:
            self.inserts += count
        elif allowed:
            self.samples += count
        return allowed


@given(ratio=RATIOS, minimum=st.integers(1, 60), slack=st.integers(0, 200), calls=CALLS)
def test_the_balance_never_leaves_its_band(
    ratio: float, minimum: int, slack: int, calls: list[tuple[bool, int]]
):
    """Never above it, and never below once the minimum is there; before that nothing is sampled."""
    counts = Counts(RateLimiter(ratio, minimum, slack))
    centre = minimum * ratio
    for is_insert, count in calls:
        counts.apply(is_insert, count)
        balance = counts.inserts * ratio - counts.samples
        assert balance <= centre + slack
        if counts.inserts < minimum:
            assert counts.samples == 0
        else:
            assert centre - slack <= balance


@given(ratio=RATIOS, minimum=st.integers(1, 60), slack=st.integers(0, 200), calls=CALLS)
def test_what_would_keep_within_the_band_is_allowed(
    ratio: float, minimum: int, slack: int, calls: list[tuple[bool, int]]
):
    """The limiter holds nothing back without need."""
    counts = Counts(RateLimiter(ratio, minimum, slack))
    centre = minimum * ratio
    for is_insert, count in calls:
        after = counts.inserts * ratio - counts.samples + (count * ratio if is_insert else -count)
        if is_insert:
            assert counts.may(True, count) == (after <= centre + slack)
        else:
            assert counts.may(False, count) == (counts.inserts >= minimum and after >= centre - slack)
        counts.apply(is_insert, count)


@given(ratio=RATIOS, minimum=st.integers(1, 60), slack=st.integers(0, 200), calls=CALLS)
def test_what_is_allowed_stays_allowed_in_smaller_portions(
    ratio: float, minimum: int, slack: int, calls: list[tuple[bool, int]]
):
    """If a count may be inserted or drawn, so may any smaller one."""
    counts = Counts(RateLimiter(ratio, minimum, slack))
    for is_insert, count in calls:
        if counts.may(is_insert, count):
            assert all(counts.may(is_insert, smaller) for smaller in range(1, count))
        counts.apply(is_insert, count)


@given(
    ratio=st.floats(0.01, 100.0),
    insert_size=st.integers(1, 64),
    sample_size=st.integers(1, 512),
    minimum=st.integers(1, 100),
    preferences=st.lists(st.booleans(), min_size=20, max_size=200),
)
@example(ratio=1 / 3, insert_size=13, sample_size=11, minimum=1, preferences=[True] * 200)
def test_any_ratio_with_its_smallest_buffer_goes_on_forever(
    ratio: float, insert_size: int, sample_size: int, minimum: int, preferences: list[bool]
):
    """One of insert and draw is always allowed."""
    buffer = smallest_error_buffer(ratio, insert_size, sample_size)
    counts = Counts(RateLimiter(ratio, minimum, buffer))
    sizes = {True: insert_size, False: sample_size}
    for first in preferences:
        assert counts.apply(first, sizes[first]) or counts.apply(not first, sizes[not first])
