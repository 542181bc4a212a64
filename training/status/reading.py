"""Puts together what everyone who works for a run knows of it at one moment."""

from collections.abc import Callable
from dataclasses import dataclass

from config.schema import RunConfig
from training.evaluation.evaluations import Evaluations
from training.evaluation.probing import Probing
from training.runtime import Fleet
from training.saving import Saver
from training.status.progress import Progress
from training.status.records import DiskStatus, RunStatus, TaskStatus
from training.status.replay_status import ReplayReader
from training.update_log import UpdateLog


@dataclass(frozen=True)
class Learned:
    """Who knows what the network has learned.

    Attributes:
        updates: what the updates show.
        evaluations: what greedy episodes show.
        probes: what probes of the network show.
    """

    updates: UpdateLog
    evaluations: Evaluations
    probes: Probing


class StatusReader:
    """Asks everyone for their part of a status.

    read = StatusReader(config, progress, learned, replay, saver, fleet, disk)
    status = read()
    """

    def __init__(
        self,
        config: RunConfig,
        progress: Callable[[], Progress],
        learned: Learned,
        replay: ReplayReader,
        saver: Saver,
        fleet: Fleet,
        disk: Callable[[], DiskStatus | None],
    ) -> None:
        self._config = config
        self._progress = progress
        self._learned = learned
        self._replay = replay
        self._saver = saver
        self._fleet = fleet
        self._disk = disk

    def __call__(self) -> RunStatus | None:
        """Return how the run stands, without rates; None while a shard has not been heard of yet."""
        if not self._replay.complete:
            return None
        progress = self._progress()
        return RunStatus(
            train_seconds=progress.train_seconds,
            learner=self._learned.updates.learner(),
            weights_version=progress.weights_version,
            saving=self._saver.status(),
            refused_blocks=self._replay.refused_blocks(),
            evaluations=self._learned.evaluations.finished,
            trunk=self._learned.probes.trunk(),
            tasks=self._tasks(progress),
            shards=self._replay.shards(),
            cluster=self._fleet.cluster,
            disk=self._disk(),
        )

    def _tasks(self, progress: Progress) -> list[TaskStatus]:
        replay = self._replay.tasks(progress.weights_version)
        learning = self._learned.updates.tasks()
        latest = self._learned.evaluations.judge.latest
        return [
            TaskStatus(
                name=name,
                solved_at=task.solved_at,
                env_steps=progress.env_steps[name],
                replay=replay[name],
                greedy_return=None if latest is None else latest.mean(name),
                learning=learning[name],
                probes=self._learned.probes.of_task(name),
                crew=self._fleet.crew(name),
            )
            for name, task in self._config.tasks.items()
        ]
