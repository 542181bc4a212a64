"""Tells what hangs from what is slow, by the pace that was measured: a pure machine that is told the time."""

FACTOR = 5.0
LOOK_SECONDS = 5.0
"""Time between two looks that counts, at most: a watcher that was paused itself has seen nothing hang."""


class Patience:
    """Watches a count that grows while something works, and is over when it has stood still for too long.

        patience = Patience(least_seconds=300.0)
        patience.begin(now)
        patience.look(now, steps)
        if patience.is_over: ...

    Too long is `FACTOR` times the longest time that it stood still before, and no less than `least_seconds`.
    """

    def __init__(self, least_seconds: float) -> None:
        self._least_seconds = least_seconds
        self._longest = self._still = self._last_look = 0.0
        self._count: int | None = None

    def begin(self, now: float) -> None:
        """Something sets to work."""
        self._still, self._last_look = 0.0, now

    def look(self, now: float, count: int | None) -> None:
        """Take in what the count is; None if it cannot be known now."""
        self._still += min(now - self._last_look, LOOK_SECONDS)
        self._last_look = now
        if count is not None and count != self._count:
            self._longest = max(self._longest, self._still)
            self._still, self._count = 0.0, count

    @property
    def limit_seconds(self) -> float:
        """How long it may stand still."""
        return max(self._least_seconds, FACTOR * self._longest)

    @property
    def is_over(self) -> bool:
        """Whether it has stood still for longer."""
        return self._still > self.limit_seconds
