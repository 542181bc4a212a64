"""The training loop: the learner's side of a run, the same over every runtime."""

import time
from collections.abc import Sequence

from config.schema import RunConfig
from learner.batch import TaskBatch
from learner.batch_source import BatchSource, Position
from learner.divergence import DivergedError
from learner.learner import Learner
from learner.loss_log import LossLog
from learner.priority_feedback import PriorityFeedback
from learner.reward_sizes import RewardSizes
from learner.weights_publisher import WeightsPublisher
from replay.router import ReplayRouter
from replay.selectors.table import SELECTORS
from training.ending import Ending, RecordOutcome
from training.errors import TrainingFailedError
from training.evaluation.evaluations import Evaluations, RecordEvaluation
from training.evaluation.judge import Judge
from training.evaluation.probing import Probing
from training.fleet import Crew
from training.intake import Intake
from training.patience import Patience
from training.runtime import Runtime
from training.saving import SaveCheckpoint, Saver
from training.shard_supervision import ShardKeeper
from training.status.phases import PhaseTimes
from training.status.progress import Outcome, Progress, StopReason
from training.status.reporting import LearnerReadings, Reporter
from training.status.reward_notices import reward_notices

WAIT_SECONDS = 0.05
REPORT_SECONDS = 1.0
SUPERVISE_SECONDS = 0.2
STATS_PERIOD = 50
"""Updates between readings of replay's counters."""
FEEDBACK_PERIOD = 16
"""Updates whose new priorities go back to replay in one call."""
PHASES = ("waiting", "probing", "update", "publishing", "other")
UNHEARD_VERSIONS = 10
"""Weights versions that an earlier learner may have published and no shard has heard of."""


class Training:
    """One life of a run, from the first published weights to the last checkpoint.

        training = Training(
            config, runtime, learner, router, source, reporter, save_checkpoint, record_evaluation, Progress()
        )
        outcome = training.run()

    `interrupt()` may be called from a signal handler: the loop then ends after the update at hand.

    Attributes:
        interrupted: whether somebody has asked the run to end.
    """

    def __init__(
        self,
        config: RunConfig,
        runtime: Runtime,
        learner: Learner,
        router: ReplayRouter,
        source: BatchSource,
        reporter: Reporter,
        save_checkpoint: SaveCheckpoint,
        record_evaluation: RecordEvaluation,
        before: Progress,
        probing: Probing | None = None,
        record_outcome: RecordOutcome = lambda _: None,
    ) -> None:
        self._config = config
        self._runtime = runtime
        self._learner = learner
        self._router = router
        self._keeper = ShardKeeper(runtime, router)
        self._source = source
        self._reporter = reporter
        self._before = before
        self._probing = probing
        self._publisher = WeightsPublisher(learner, runtime, before.weights_version)
        self._intake = Intake(list(config.tasks), runtime, router, before, time.perf_counter)
        judge = Judge({name: task.solved_at for name, task in config.tasks.items()})
        self._evaluations = Evaluations(runtime, judge, self._publisher, self._progress, record_evaluation)
        self._saver = Saver(
            config.checkpoint, learner, save_checkpoint, self._keeper, self._progress, time.perf_counter
        )
        self._ending = Ending(
            config,
            learner,
            self._intake,
            self._publisher,
            self._evaluations,
            self._saver,
            self,
            record_outcome,
        )
        wanted = SELECTORS[config.replay.selector].wants_priorities
        self._feedback = PriorityFeedback(router, FEEDBACK_PERIOD) if wanted else None
        self._phases = PhaseTimes(time.perf_counter, PHASES)
        self._losses = LossLog(list(config.tasks))
        self._reward_sizes = RewardSizes(list(config.tasks))
        self._patience = Patience(config.learner.stall_seconds)
        self._staleness: dict[str, float] = {}
        self._updates = 0
        self._last_report = self._last_supervision = self._last_update = time.perf_counter()
        self.interrupted = False
        self._reported_crews: list[Crew] = []

    def interrupt(self) -> None:
        """Ask the loop to end."""
        self.interrupted = True
        self._runtime.halt()

    def run(self) -> Outcome:
        """Train until solved, out of budget, or interrupted; whatever ends it, what it learned is saved.

        Raises:
            TrainingFailedError: the run cannot go on; the message says why.
        """
        error: Exception | SystemExit | None = None
        reason: StopReason = "failed"
        try:
            reason = self._train()
        except KeyboardInterrupt:
            # Not through `interrupt`: an environment may have put another handler in the place of ours.
            if self.interrupted:
                raise
            self.interrupt()
            reason = "interrupted"
        except (Exception, SystemExit) as raised:
            error = raised
        return self._ending.leave(reason, dict(self._phases.seconds), error)

    def _train(self) -> StopReason:
        self._patience.begin(time.perf_counter())
        self._intake.take_over()
        if self._before.life > 0:
            self._publisher.go_on_from(self._intake.monitor.weights_version() + UNHEARD_VERSIONS)
        self._publisher.publish()
        self._runtime.start_actors()
        while (reason := self._stop_reason()) is None:
            self._runtime.advance()
            batches = self._source.poll(Position(self._learner.learner_step, self._publisher.version))
            if batches is None:
                self._wait_for_data()
            else:
                self._update(batches)
            self._look_after_the_rest()
        return reason

    def _stop_reason(self) -> StopReason | None:
        if self._evaluations.judge.solved is not None:
            return "solved"
        if self.interrupted:
            return "interrupted"
        return "budget" if self._intake.env_steps() >= self._config.stop_env_steps else None

    def _wait_for_data(self) -> None:
        self._intake.monitor.refresh()
        if all(self._router.reaches(task) for task in self._source.waiting_for()):
            self._source.wait(WAIT_SECONDS)
        else:
            time.sleep(WAIT_SECONDS)
        self._phases.mark("waiting")

    def _update(self, batches: Sequence[TaskBatch]) -> None:
        if self._updates == 0:
            self._phases.restart()
        self._phases.mark("waiting")
        if self._probing is not None and self._probing.before_update(self._learner, batches):
            self._phases.mark("probing")
        result = self._learner.step(batches)
        self._phases.mark("update")
        self._updates += 1
        self._last_update = time.perf_counter()
        self._losses.add(result.loss_T)
        if self._feedback is not None:
            self._feedback.add(batches, result.abs_td_errors)
        self._after_update(batches, self._learner.learner_step)

    def _after_update(self, batches: Sequence[TaskBatch], step: int) -> None:
        if step % self._config.learner.publish_period == 0:
            self._staleness = {batch.task: batch.staleness for batch in batches}
            self._reward_sizes.look_at(batches)
            self._refuse_divergent_losses()
            self._publisher.publish()
            self._phases.mark("publishing")
        if step % self._config.evaluation.period == 0:
            self._evaluations.due()
        if self._saver.due():
            self._refuse_divergent_losses()
            self._saver.save()
        if step % STATS_PERIOD == 0:
            self._intake.monitor.refresh()

    def _look_after_the_rest(self) -> None:
        now = time.perf_counter()
        if now - self._last_supervision >= SUPERVISE_SECONDS:
            self._last_supervision = now
            self._runtime.supervise()
            self._keeper.tick()
            self._refuse_to_stall(now)
            self._report_changed_crews()
        if now - self._last_report >= REPORT_SECONDS:
            self._last_report = now
            self.report()
        self._evaluations.tick()
        self._phases.mark("other")

    def _report_changed_crews(self) -> None:
        """Let a report be due, where actors came or went since the last change that was reported."""
        crews = [self._runtime.crew(task) for task in self._config.tasks]
        if crews != self._reported_crews:
            self._reported_crews, self._last_report = crews, 0.0

    def _refuse_divergent_losses(self) -> None:
        """Raise a DivergedError that names the task: losses show it before the weights do."""
        task = self._losses.not_finite()
        if task is not None:
            raise DivergedError(f"the loss of task {task!r}")

    def _held_up_by(self) -> list[str]:
        """Return the tasks for whose transitions the learner has been waiting for a while."""
        waits = time.perf_counter() - self._last_update > REPORT_SECONDS
        return self._source.waiting_for() if waits else []

    def _refuse_to_stall(self, now: float) -> None:
        """End a run that stands still, unless slots or shards are waited for: the status says so."""
        if self._keeper.waits or any(self._runtime.crew(t).slots == 0 for t in self._source.waiting_for()):
            self._patience.begin(now)
            return
        self._patience.look(now, self._intake.env_steps() + self._learner.learner_step)
        if self._patience.is_over:
            raise TrainingFailedError(
                f"nothing reached replay for {self._patience.limit_seconds:.0f} s, and the learner waits "
                f"for: {', '.join(self._source.waiting_for())} (learner.stall_seconds, now "
                f"{self._config.learner.stall_seconds:g}, says how long it may wait)"
            )

    def _progress(self) -> Progress:
        return self._intake.progress(self._publisher.version)

    def report(self) -> None:
        """Hand out a status, unless a shard has not been heard of yet."""
        monitor = self._intake.monitor
        if not monitor.complete:
            return
        readings = LearnerReadings(
            train_seconds=self._intake.seconds,
            learner_step=self._learner.learner_step,
            weights_version=self._publisher.version,
            phase_seconds=self._phases.seconds,
            losses=self._losses.take(),
            weights=dict(zip(self._config.tasks, self._learner.weighting.weights_T.tolist(), strict=True)),
            plain_sums=self._learner.weighting.plain_sums,
            staleness=self._staleness,
            checkpoints=self._saver.checkpoints,
            evaluations=self._evaluations.finished,
            evaluation=self._evaluations.judge.latest,
            probes=None if self._probing is None else self._probing.latest,
            tables=monitor.tables(),
            env_steps=self._progress().env_steps,
            waiting_for=self._held_up_by(),
            last_update_time=self._last_update_time() if self._updates else None,
            last_checkpoint=self._saver.last,
            nodes=self._runtime.nodes(),
            node_deaths=self._runtime.node_deaths(),
            refused_blocks=monitor.refused_blocks(),
            lost=dict(self._router.lost),
            shards=self._keeper.statuses(monitor.shards()),
            notices=reward_notices(self._config, self._reward_sizes.largest(), self._reward_sizes.looks),
        )
        self._reporter.report(readings, self._runtime.crew)

    def _last_update_time(self) -> float:
        """Return when the last update was in Unix time, also after somebody has set the clock."""
        return time.time() - (time.perf_counter() - self._last_update)
