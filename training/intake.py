"""What reaches replay in one life of a run, on top of what earlier lives left there."""

from collections.abc import Callable, Sequence

from replay.client import ShardClient
from replay.router import ReplayRouter
from training.runtime import Actors
from training.status.accounting import TaskAccount, books_are_whole, settle_accounts
from training.status.progress import Progress
from training.status.replay_counters import ReplayMonitor

SETTLE_SECONDS = 5.0
UNHEARD_VERSIONS = 10
"""Weights versions that an earlier learner may have published and no shard has heard of."""


class Intake:
    """Counts env steps and training time, and settles the books when the actors end.

        intake = Intake(tasks, runtime.shards.clients, runtime.actors, router, before, time.perf_counter)
        intake.take_over()
        progress = intake.progress(weights_version=7)
        intake.stop_clock()
        accounts = intake.stop_actors()

    Attributes:
        actors: who brings it.
        monitor: the counters of all shards.
    """

    def __init__(
        self,
        tasks: Sequence[str],
        clients: Sequence[ShardClient],
        actors: Actors,
        router: ReplayRouter,
        before: Progress,
        clock: Callable[[], float],
    ) -> None:
        self._tasks = list(tasks)
        self.actors = actors
        self._router = router
        self._before = before
        self._stopped_at_seconds: float | None = None
        self.monitor = ReplayMonitor(clients, clock, before.counted)

    def take_over(self) -> int:
        """Hear what the shards hold already, and let the replay ratio count from there.

        Returns:
            The newest weights version that an earlier learner of the run may have published; -1 if there was
            none.
        """
        self.monitor.settle(timeout_seconds=SETTLE_SECONDS)
        for task, table in self.monitor.tables().items():
            self._router.take_over(task, table.restored, table.sampled)
        return self.monitor.weights_version() + UNHEARD_VERSIONS if self._before.life > 0 else -1

    def env_steps(self) -> int:
        """Return the env steps of all tasks, over all lives of the run."""
        return sum(self._before.env_steps.values()) + self.monitor.env_steps()

    @property
    def seconds(self) -> float:
        """Training time of this life: from the first env step on, until the clock is stopped."""
        if self._stopped_at_seconds is not None:
            return self._stopped_at_seconds
        return self.monitor.seconds_since_first()

    def stop_clock(self) -> None:
        """Count no more training time: what follows is not training."""
        self._stopped_at_seconds = self.seconds

    def progress(self, weights_version: int) -> Progress:
        """Return how far the run has come, all its lives together."""
        before = self._before
        return Progress(
            env_steps={
                task: before.env_steps.get(task, 0) + self.monitor.env_steps(task) for task in self._tasks
            },
            train_seconds=before.train_seconds + self.seconds,
            life=before.life,
            weights_version=weights_version,
            counted=self.monitor.counted(),
        )

    def stop_actors(self) -> dict[str, TaskAccount]:
        """End the actors, hear the last of every shard, and say where each task's transitions went."""
        reports = self.actors.stop()
        all_heard = self.monitor.settle(timeout_seconds=SETTLE_SECONDS)
        counted, lost = self.monitor.tables(), self._router.lost
        tables = {task: counted[task] for task in self._tasks if task in counted}
        whole = all_heard and not lost and books_are_whole(self.monitor.shards().values(), reports)
        return settle_accounts(tables, self.monitor.items_by_life(), reports, lost, whole)
