"""Hands out statuses, with rates over the interval since the last one."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from training.status.records import RunStatus

Observer = Callable[[RunStatus], None]

SHORTEST_SECONDS = 0.25
"""Of an interval for rates: steps come in blocks, and over an instant a block would be an enormous rate."""


@dataclass(frozen=True)
class _Mark:
    """How far the run had come at a report."""

    time: float
    learner_step: int
    env_steps: Mapping[str, int]


class Reporter:
    """Reads a status, puts rates into it, and hands it to every observer.

    Rates are over the time since the last report, or since the one before it where that was just now.

    Args:
        read: returns how the run stands, without rates; None while that is not known.
        env_steps: of each task before the first report.
        learner_step: before the first report.
        observers: see every status.
        clock: seconds.
    """

    def __init__(
        self,
        read: Callable[[], RunStatus | None],
        env_steps: Mapping[str, int],
        learner_step: int,
        observers: Sequence[Observer],
        clock: Callable[[], float],
    ) -> None:
        self._read = read
        self._observers = observers
        self._clock = clock
        self._marks = deque([_Mark(clock(), learner_step, dict(env_steps))])

    def report(self) -> None:
        """Hand out a status, if there is one."""
        read = self._read()
        if read is None:
            return
        now = self._clock()
        status = _with_rates(read, self._since(now), now)
        self._marks.append(
            _Mark(now, status.learner_step, {task.name: task.env_steps for task in status.tasks})
        )
        for observe in self._observers:
            observe(status)

    def _since(self, now: float) -> _Mark:
        """Return the last report that is long enough ago, or the first there was."""
        while len(self._marks) > 1 and now - self._marks[1].time >= SHORTEST_SECONDS:
            self._marks.popleft()
        return self._marks[0]


def _with_rates(status: RunStatus, since: _Mark, now: float) -> RunStatus:
    seconds = max(now - since.time, SHORTEST_SECONDS)
    return replace(
        status,
        updates_per_second=(status.learner_step - since.learner_step) / seconds,
        tasks=[
            replace(
                task,
                env_steps_per_second=(task.env_steps - since.env_steps.get(task.name, 0)) / seconds,
            )
            for task in status.tasks
        ],
    )
