"""Puts together what everyone who works for a run knows of it at one moment."""

from learner.weights_publisher import WeightsPublisher
from replay.router import ReplayRouter
from training.evaluation.evaluations import Evaluations
from training.evaluation.probing import Probing
from training.intake import Intake
from training.runtime import Fleet
from training.saving import Saver
from training.shard_supervision import ShardKeeper
from training.status.reporting import LearnerReadings, Reporter
from training.updating import Updates


class StatusReader:
    """Asks everyone, and lets a reporter tell it."""

    def __init__(
        self,
        fleet: Fleet,
        router: ReplayRouter,
        intake: Intake,
        updates: Updates,
        publisher: WeightsPublisher,
        evaluations: Evaluations,
        probing: Probing,
        saver: Saver,
        keeper: ShardKeeper,
        reporter: Reporter,
    ) -> None:
        self._fleet = fleet
        self._router = router
        self._intake = intake
        self._updates = updates
        self._publisher = publisher
        self._evaluations = evaluations
        self._probing = probing
        self._saver = saver
        self._keeper = keeper
        self._reporter = reporter

    def report(self) -> None:
        """Hand out a status, unless a shard has not been heard of yet."""
        monitor = self._intake.monitor
        if not monitor.complete:
            return
        learner, tasks = self._updates.log.learner(), self._updates.log.tasks()
        readings = LearnerReadings(
            train_seconds=self._intake.seconds,
            learner_step=learner.learner_step,
            weights_version=self._publisher.version,
            phase_seconds=learner.phase_seconds,
            losses={name: task.loss for name, task in tasks.items() if task.loss is not None},
            weights={name: task.weight for name, task in tasks.items()},
            plain_sums=learner.plain_sums,
            staleness={name: task.staleness for name, task in tasks.items() if task.staleness is not None},
            checkpoints=self._saver.checkpoints,
            evaluations=self._evaluations.finished,
            evaluation=self._evaluations.judge.latest,
            probes=self._probing.latest,
            tables=monitor.tables(),
            env_steps=self._intake.progress(self._publisher.version).env_steps,
            waiting_for=learner.waiting_for,
            last_update_time=learner.last_update_time,
            last_checkpoint=self._saver.last,
            nodes=self._fleet.nodes,
            node_deaths=self._fleet.node_deaths,
            refused_blocks=monitor.refused_blocks(),
            lost=dict(self._router.lost),
            shards=self._keeper.statuses(monitor.shards()),
            notices=learner.notices,
        )
        self._reporter.report(readings, self._fleet.crew)
