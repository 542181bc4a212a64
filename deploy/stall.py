"""Does a run stand still, or is it only slow? A pure decision over the time since anything happened."""

PATIENCE = 5.0
"""How many times as long as the longest pause so far a pause may be."""


class StallWatch:
    """Follows the pauses of a run.

        watch = StallWatch(limit_seconds=600.0)
        watch.stands_still(silent_seconds=0.3)

    A pause may be as long as `limit_seconds`, and longer where the run has got over long pauses before: an
    environment that needs ten minutes for a reset has shown that it comes back.
    """

    def __init__(self, limit_seconds: float) -> None:
        self._least_limit_seconds = limit_seconds
        self._longest_seconds = 0.0
        self._silent_seconds = 0.0

    @property
    def limit_seconds(self) -> float:
        """Return how long a pause may be now."""
        return max(self._least_limit_seconds, PATIENCE * self._longest_seconds)

    def stands_still(self, silent_seconds: float) -> bool:
        """Take in for how long nothing has happened; return whether that is too long."""
        if silent_seconds < self._silent_seconds:
            self._longest_seconds = max(self._longest_seconds, self._silent_seconds)
        self._silent_seconds = silent_seconds
        return silent_seconds > self.limit_seconds
