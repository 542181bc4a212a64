"""How often a run does what it does by the clock; each method is given the time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Cadence:
    """Periods in seconds. A shorter one notices things sooner, and leaves less time for learning.

    Attributes:
        report_seconds: between two statuses.
        supervise_seconds: between two looks at shards, at actors, and at whether anything moves.
        wait_seconds: for data, at most, before everything else is looked after again.
    """

    report_seconds: float = 1.0
    supervise_seconds: float = 0.2
    wait_seconds: float = 0.05


USUAL = Cadence()


class Every:
    """Says when something is to be done again.

    reports = Every(period_seconds=1.0, now=clock())
    if reports.is_due(clock()): ...
    reports.hasten()                                      # the next one is due at once
    """

    def __init__(self, period_seconds: float, now: float) -> None:
        self._period_seconds = period_seconds
        self._last = now
        self._hastened = False

    def is_due(self, now: float) -> bool:
        """Return whether it is time, and count it as done if so."""
        due = self._hastened or now - self._last >= self._period_seconds
        if due:
            self._last, self._hastened = now, False
        return due

    def hasten(self) -> None:
        """Let it be due at the next look."""
        self._hastened = True


class Changes(Generic[T]):
    """Notices when what it looks at has changed since it did so last."""

    def __init__(self, look: Callable[[], T], before: T) -> None:
        self._look = look
        self._seen = before

    def found(self) -> bool:
        """Look, and return whether it is something else than the last time."""
        before, self._seen = self._seen, self._look()
        return self._seen != before
