"""Phase times, by a clock that is set by hand."""

import pytest

from training.status.phases import PhaseTimes


class HandClock:
    """A clock that stands until it is set."""

    def __init__(self, now: float = 100.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def test_all_time_goes_to_the_phase_that_ends():
    """Marks add up by phase, and the phases together are all the time that passed."""
    clock = HandClock()
    phases = PhaseTimes(clock, ("waiting", "update"))
    for phase, seconds in [("waiting", 2.0), ("update", 3.0), ("waiting", 0.5), ("update", 1.0)]:
        clock.now += seconds
        phases.mark(phase)
    assert phases.seconds == {"waiting": 2.5, "update": 4.0}
    assert sum(phases.seconds.values()) == clock.now - 100.0


def test_a_restart_forgets_what_was():
    """Time before it belongs to no phase."""
    clock = HandClock()
    phases = PhaseTimes(clock, ("waiting", "update"))
    clock.now += 50.0
    phases.mark("waiting")
    clock.now += 7.0
    phases.restart()
    clock.now += 1.0
    phases.mark("update")
    assert phases.seconds == {"waiting": 0.0, "update": 1.0}


def test_an_unknown_phase_is_an_error():
    """A misspelt phase would hide time."""
    with pytest.raises(KeyError):
        PhaseTimes(HandClock(), ("waiting",)).mark("wating")
