"""Puts together what everyone who works for a run knows of it at one moment."""

from collections.abc import Callable

from config.schema import RunConfig
from training.evaluation.evaluations import Evaluations
from training.evaluation.probing import Probing
from training.runtime import Fleet
from training.saving import Saver
from training.shard_supervision import ShardKeeper
from training.status.progress import Progress
from training.status.records import DiskStatus, RunStatus, TaskStatus
from training.status.replay_counters import ReplayMonitor
from training.status.replay_status import ReplayReader
from training.update_log import UpdateLog


class StatusReader:
    """Asks everyone for their part of a status.

    read = StatusReader(config, intake, log, ...)
    status = read()
    """

    def __init__(
        self,
        config: RunConfig,
        monitor: ReplayMonitor,
        log: UpdateLog,
        progress: Callable[[], Progress],
        evaluations: Evaluations,
        probing: Probing,
        saver: Saver,
        keeper: ShardKeeper,
        fleet: Fleet,
        replay: ReplayReader,
        disk: Callable[[], DiskStatus | None],
    ) -> None:
        self._config = config
        self._monitor = monitor
        self._log = log
        self._progress = progress
        self._evaluations = evaluations
        self._probing = probing
        self._saver = saver
        self._keeper = keeper
        self._fleet = fleet
        self._replay = replay
        self._disk = disk

    def __call__(self) -> RunStatus | None:
        """Return how the run stands, without rates; None while a shard has not been heard of yet."""
        monitor = self._monitor
        if not monitor.complete:
            return None
        progress = self._progress()
        return RunStatus(
            train_seconds=progress.train_seconds,
            learner=self._log.learner(),
            weights_version=progress.weights_version,
            saving=self._saver.status(),
            refused_blocks=monitor.refused_blocks(),
            evaluations=self._evaluations.finished,
            trunk=self._probing.trunk(),
            tasks=self._tasks(progress),
            shards=self._keeper.statuses(monitor.shards()),
            cluster=self._fleet.cluster,
            disk=self._disk(),
        )

    def _tasks(self, progress: Progress) -> list[TaskStatus]:
        replay, learning = self._replay.tasks(progress.weights_version), self._log.tasks()
        latest = self._evaluations.judge.latest
        return [
            TaskStatus(
                name=name,
                solved_at=task.solved_at,
                env_steps=progress.env_steps[name],
                replay=replay[name],
                greedy_return=None if latest is None else latest.mean(name),
                learning=learning[name],
                probes=self._probing.of_task(name),
                crew=self._fleet.crew(name),
            )
            for name, task in self._config.tasks.items()
        ]
