"""Decides who is replaced after a death, and when to give up. It is told the time."""

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True)
class Replace:
    """Start the next life of a process, not before `at` (seconds on the caller's clock)."""

    name: str
    life: int
    at: float


@dataclass(frozen=True)
class GiveUp:
    """A process died too often; `reason` is one sentence."""

    reason: str


class Supervisor:
    """Answers deaths with replacements, until one process dies `max_deaths` times within `window_seconds`.

    supervisor = Supervisor(max_deaths=4, window_seconds=120)
    match supervisor.died("actor cartpole-0", reason, now=12.5, node_id="a"):
        case Replace(name, life, at): ...
        case GiveUp(reason): ...

    A process that ends together with its node has not died: `left` gives it its next life. The end of a node
    may be noticed after that of its processes: `node_went` takes back the deaths that were counted on it.
    """

    def __init__(self, max_deaths: int, window_seconds: float) -> None:
        self._max_deaths = max_deaths
        self._window_seconds = window_seconds
        self._deaths: dict[str, deque[tuple[float, str]]] = {}
        self._lives: dict[str, int] = {}

    def died(self, name: str, reason: str, now: float, node_id: str = "") -> Replace | GiveUp:
        """Take in a death on a node; the first replacement comes at once, each further one a second later."""
        deaths = self._deaths.setdefault(name, deque())
        deaths.append((now, node_id))
        while deaths[0][0] < now - self._window_seconds:
            deaths.popleft()
        if len(deaths) >= self._max_deaths:
            within = now - deaths[0][0]
            return GiveUp(
                f"{name} died {len(deaths)} times within {within:.0f} s, the last time because: {reason}"
            )
        return self._next_life(name, now + len(deaths) - 1)

    def left(self, name: str, now: float) -> Replace:
        """Take in that a process ended through no fault of its own; its next life may begin at once."""
        return self._next_life(name, now)

    def node_went(self, node_id: str) -> None:
        """Take in that a node is gone: deaths on it were its own, and count no longer."""
        for name, deaths in self._deaths.items():
            self._deaths[name] = deque(death for death in deaths if death[1] != node_id)

    def restarts(self, name: str) -> int:
        """Return how often a process was replaced."""
        return self._lives.get(name, 0)

    def _next_life(self, name: str, at: float) -> Replace:
        self._lives[name] = self.restarts(name) + 1
        return Replace(name, self._lives[name], at)
