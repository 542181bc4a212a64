"""What a run does by the clock, whether or not there is anything to learn from."""

from collections.abc import Callable, Sequence

from training.cadence import Cadence, Changes, Every
from training.fleet import Crew
from training.runtime import Fleet
from training.shard_supervision import ShardKeeper
from training.stalling import StallGuard


class Supervision:
    """Looks after shards, notices a run that stands still, and reports.

    supervision = Supervision(keeper, guard, fleet, tasks, report, clock, cadence)
    supervision.begin()
    supervision.look()                                    # between any two updates
    """

    def __init__(
        self,
        keeper: ShardKeeper,
        guard: StallGuard,
        fleet: Fleet,
        tasks: Sequence[str],
        report: Callable[[], None],
        clock: Callable[[], float],
        cadence: Cadence,
    ) -> None:
        self._keeper = keeper
        self._guard = guard
        self._crews: Changes[list[Crew]] = Changes(lambda: [fleet.crew(task) for task in tasks], before=[])
        self._report = report
        self._clock = clock
        self._looks = Every(cadence.supervise_seconds, clock())
        self._reports = Every(cadence.report_seconds, clock())

    def begin(self) -> None:
        """The run sets to work: from now on it may stall."""
        self._guard.begin(self._clock())

    def look(self) -> None:
        """Do what is due.

        Raises:
            TrainingFailedError: a shard dies again and again, or nothing has moved for too long.
        """
        now = self._clock()
        if self._looks.is_due(now):
            self._keeper.tick()
            self._guard.look(now)
            if self._crews.found():
                # Whoever starts or scales actors watches for them: they do not wait for the next report.
                self._reports.hasten()
        if self._reports.is_due(now):
            self._report()
