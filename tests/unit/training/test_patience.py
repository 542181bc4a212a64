"""What hangs is told from what is slow."""

import pytest

from training.patience import FACTOR, LOOK_SECONDS, Patience


def looks(patience: Patience, start: float, seconds: float, count: int | None) -> float:
    """Look once a second for so long, always with the same count; return when the last look was."""
    for second in range(1, int(seconds) + 1):
        patience.look(start + second, count)
    return start + int(seconds)


def test_what_goes_on_is_never_over():
    """However slow it is, as long as each pause is below the least limit."""
    patience, now = Patience(300.0), 0.0
    patience.begin(now)
    for count in range(20):
        now = looks(patience, now, 200, count)
        assert not patience.is_over


def test_what_stands_still_is_over_after_the_least_limit():
    """Whether it answers with the same count or not at all."""
    for count in (7, None):
        patience = Patience(300.0)
        patience.begin(0.0)
        patience.look(0.0, 7)
        now = looks(patience, 0.0, 300, count)
        assert not patience.is_over
        patience.look(now + 1, count)
        assert patience.is_over


def test_the_limit_follows_the_longest_pause_that_ended():
    """A pause of three minutes makes it wait for a quarter of an hour, once it has ended."""
    patience = Patience(300.0)
    patience.begin(0.0)
    now = looks(patience, 0.0, 180, 1)
    assert patience.limit_seconds == 300.0
    patience.look(now + 1, 2)
    assert patience.limit_seconds == pytest.approx(FACTOR * 180)


def test_a_watcher_that_was_paused_has_seen_nothing_hang():
    """An hour between two looks counts as some seconds."""
    patience = Patience(300.0)
    patience.begin(0.0)
    patience.look(3600.0, 0)
    patience.look(7200.0, None)
    assert not patience.is_over
    assert patience.limit_seconds == 300.0
    looks(patience, 7200.0, 300 - LOOK_SECONDS, None)
    assert not patience.is_over


def test_beginning_anew_forgets_the_wait():
    """The time before is nobody's."""
    patience = Patience(300.0)
    patience.begin(0.0)
    now = looks(patience, 0.0, 299, None)
    patience.begin(now)
    looks(patience, now, 299, None)
    assert not patience.is_over
