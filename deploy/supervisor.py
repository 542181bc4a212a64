"""Who died, who is replaced, when to give up: a pure machine that is told the time."""

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True)
class Replace:
    """Start the next life of a process, not before `at` (seconds on the caller's clock)."""

    name: str
    incarnation: int
    at: float


@dataclass(frozen=True)
class GiveUp:
    """A process died too often; `reason` is one sentence."""

    reason: str


class Supervisor:
    """Answers deaths with replacements, until one process dies `max_deaths` times within `window_seconds`.

    supervisor = Supervisor(max_deaths=4, window_seconds=120)
    match supervisor.died("actor cartpole-0", reason, now=12.5):
        case Replace(name, incarnation, at): ...
        case GiveUp(reason): ...
    """

    def __init__(self, max_deaths: int, window_seconds: float) -> None:
        self._max_deaths = max_deaths
        self._window_seconds = window_seconds
        self._deaths: dict[str, deque[float]] = {}
        self._incarnations: dict[str, int] = {}

    def died(self, name: str, reason: str, now: float) -> Replace | GiveUp:
        """Take in a death; the first replacement comes at once, each further one a second later."""
        deaths = self._deaths.setdefault(name, deque())
        deaths.append(now)
        while deaths[0] < now - self._window_seconds:
            deaths.popleft()
        if len(deaths) >= self._max_deaths:
            within = now - deaths[0]
            return GiveUp(
                f"{name} died {len(deaths)} times within {within:.0f} s, the last time because: {reason}"
            )
        self._incarnations[name] = self._incarnations.get(name, 0) + 1
        return Replace(name, self._incarnations[name], now + len(deaths) - 1)

    def restarts(self, name: str) -> int:
        """Return how often a process was replaced."""
        return self._incarnations.get(name, 0)
