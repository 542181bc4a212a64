"""Watches replay's counters: how much has arrived, since when, and whether anything still does."""

from collections.abc import Callable

from replay.client import Reply, ShardClient
from replay.messages import ShardStats


class ReplayMonitor:
    """The newest counters of a shard, asked for without waiting.

    Attributes:
        stats: newest counters; None before the first answer.
    """

    def __init__(self, client: ShardClient, clock: Callable[[], float]) -> None:
        self._client = client
        self._clock = clock
        self._reply: Reply[ShardStats] | None = None
        self._first_arrival: float | None = None
        self._last_arrival = clock()
        self.stats: ShardStats | None = None

    def refresh(self) -> None:
        """Take in an answer if it is there; keep one question under way.

        Raises:
            ShardUnavailableError: the shard died or missed its deadline.
        """
        if self._reply is None:
            self._reply = self._client.stats()
        if self._reply.wait(0.0):
            before = self.env_steps()
            self.stats = self._reply.result()
            self._reply = None
            if self.env_steps() > before:
                self._last_arrival = self._clock()
                if self._first_arrival is None:
                    self._first_arrival = self._last_arrival

    def settle(self, timeout_seconds: float) -> None:
        """Wait at most so long for counters that are newer than this call."""
        for _ in range(2):
            self.refresh()
            if self._reply is not None and self._reply.wait(timeout_seconds):
                self.refresh()

    def env_steps(self, task: str | None = None) -> int:
        """Return the env steps that have arrived, of one task or of all."""
        tables = self.stats.tables if self.stats else {}
        return sum(table.inserted for name, table in tables.items() if task in (None, name))

    def seconds_since_first(self) -> float:
        """Return the seconds since the first env step arrived; 0 before it."""
        return self._clock() - self._first_arrival if self._first_arrival is not None else 0.0

    def seconds_since_last(self) -> float:
        """Return the seconds since anything arrived."""
        return self._clock() - self._last_arrival
