"""The rate limiter's balance stays in its band, whatever sizes are asked for and in which order."""

from hypothesis import example, given
from hypothesis import strategies as st

from replay.rate_limiter import RateLimiter, smallest_error_buffer

CALLS = st.lists(st.tuples(st.booleans(), st.integers(1, 50)), max_size=150)
RATIOS = st.integers(1, 80).map(lambda eighths: eighths / 8)


def apply(limiter: RateLimiter, is_insert: bool, count: int) -> bool:
    """Do what is asked for if it is allowed; return whether it was."""
    allowed = limiter.may_insert(count) if is_insert else limiter.may_sample(count)
    if allowed and is_insert:
        limiter.inserted(count)
    elif allowed:
        limiter.sampled(count)
    return allowed


@given(ratio=RATIOS, minimum=st.integers(1, 60), slack=st.integers(0, 200), calls=CALLS)
def test_the_balance_never_leaves_its_band(
    ratio: float, minimum: int, slack: int, calls: list[tuple[bool, int]]
):
    """Never below; above only by the insert that crosses the minimum, and then no insert makes it worse."""
    limiter = RateLimiter(ratio, minimum, slack)
    centre = minimum * ratio
    highest = centre + slack
    for is_insert, count in calls:
        before = limiter.inserts
        apply(limiter, is_insert, count)
        balance = limiter.inserts * ratio - limiter.samples
        if before < minimum <= limiter.inserts:
            highest = max(highest, balance)
        if limiter.inserts < minimum:
            assert limiter.samples == 0
        else:
            assert centre - slack <= balance <= highest


@given(ratio=RATIOS, minimum=st.integers(1, 60), slack=st.integers(0, 200), calls=CALLS)
def test_what_is_allowed_stays_allowed_in_smaller_portions(
    ratio: float, minimum: int, slack: int, calls: list[tuple[bool, int]]
):
    """If a count may be inserted or drawn, so may any smaller one."""
    limiter = RateLimiter(ratio, minimum, slack)
    for is_insert, count in calls:
        ask = limiter.may_insert if is_insert else limiter.may_sample
        if ask(count):
            assert all(ask(smaller) for smaller in range(1, count))
        apply(limiter, is_insert, count)


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
    limiter = RateLimiter(ratio, minimum, smallest_error_buffer(ratio, insert_size, sample_size))
    for prefers_insert in preferences:
        first, second = (True, False) if prefers_insert else (False, True)
        sizes = {True: insert_size, False: sample_size}
        assert apply(limiter, first, sizes[first]) or apply(limiter, second, sizes[second])
