"""Slow or dead: how long a run may be silent."""

from deploy.stall import StallWatch


def follow(watch: StallWatch, *silent_seconds: float) -> list[bool]:
    return [watch.stands_still(seconds) for seconds in silent_seconds]


def test_a_pause_may_last_as_long_as_the_limit():
    """And no longer."""
    assert follow(StallWatch(100.0), 0.1, 50.0, 100.0, 100.1) == [False, False, False, True]


def test_a_run_that_has_got_over_a_long_pause_may_make_longer_ones():
    """Five times as long: 90 s passed, so 450 s may."""
    watch = StallWatch(100.0)
    assert follow(watch, 30.0, 90.0, 0.2) == [False] * 3
    assert watch.limit_seconds == 450.0
    assert follow(watch, 449.0, 451.0) == [False, True]


def test_a_pause_that_goes_on_does_not_prolong_itself():
    """Only one that has ended shows that the run comes back."""
    watch = StallWatch(10.0)
    assert follow(watch, 2.0, 4.0, 6.0, 8.0, 10.5)[-1]


def test_short_pauses_change_nothing():
    """The limit is never below what was configured."""
    watch = StallWatch(100.0)
    follow(watch, 1.0, 0.0, 2.0, 0.0, 3.0, 0.0)
    assert watch.limit_seconds == 100.0
