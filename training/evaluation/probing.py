"""Reads the probes every so many updates, and hands on what they say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from learner.batch import TaskBatch
from learner.learner import Learner
from learner.probes.read import read_probes
from learner.probes.reading import ProbeReading, TaskReading, defined


@dataclass(frozen=True)
class TrunkReading:
    """What a reading says of the trunk; None where that is not defined, or nothing was read yet.

    Attributes:
        dormant_share: of its units.
        effective_rank: of its features.
    """

    dormant_share: float | None = None
    effective_rank: float | None = None


class Probing:
    """Reads the probes on the batches of every `period`-th update, before it is made; never without a period.

    The first reading is not that of the initial weights: it comes after `period` updates.

    Attributes:
        latest: the newest reading; None before the first.
    """

    def __init__(self, period: int | None, record: Callable[[ProbeReading], None]) -> None:
        self._period = period
        self._record = record
        self.latest: ProbeReading | None = None

    def before_update(self, learner: Learner, batches: Sequence[TaskBatch]) -> bool:
        """Read if it is time, and return whether it was."""
        if self._period is None or learner.learner_step == 0 or learner.learner_step % self._period:
            return False
        self.latest = read_probes(learner, batches)
        self._record(self.latest)
        return True

    def trunk(self) -> TrunkReading:
        """Return what the newest reading says of the trunk."""
        if self.latest is None:
            return TrunkReading()
        return TrunkReading(defined(self.latest.dormant_share), defined(self.latest.effective_rank))

    def of_task(self, name: str) -> TaskReading:
        """Return what the newest reading says of a task."""
        return TaskReading() if self.latest is None else self.latest.of_task(name)
