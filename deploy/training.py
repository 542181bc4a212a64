"""The training loop: the learner's side of a run, the same over every runtime."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from actors.actor import ActorReport
from deploy.accounting import TaskAccount, books_are_whole, settle_accounts
from deploy.config.schema import RunConfig
from deploy.errors import TrainingFailedError
from deploy.evaluations import Evaluations, RecordEvaluation
from deploy.judge import Judge
from deploy.phases import PhaseTimes
from deploy.probing import Probing
from deploy.progress import Outcome, Progress, StopReason
from deploy.replay_monitor import ReplayMonitor
from deploy.reporting import LearnerReadings, Reporter
from deploy.roster import Crew
from deploy.runtime import Runtime
from deploy.shard_keeper import ShardKeeper
from deploy.status import CheckpointStatus
from learner.batch import TaskBatch
from learner.batch_source import BatchSource, Position
from learner.learner import Learner
from learner.loss_log import LossLog
from learner.priority_feedback import PriorityFeedback
from learner.weights_publisher import WeightsPublisher
from network.weights import WeightsLayout
from replay.router import ReplayRouter

WAIT_SECONDS = 0.05
REPORT_SECONDS = 1.0
SUPERVISE_SECONDS = 0.2
STALL_SECONDS = 120.0
STATS_PERIOD = 50
"""Updates between readings of replay's counters."""
FEEDBACK_PERIOD = 16
"""Updates whose new priorities go back to replay in one call."""
PHASES = ("waiting", "probing", "update", "publishing", "other")
SETTLE_SECONDS = 5.0
UNHEARD_VERSIONS = 10
"""Weights versions that an earlier learner may have published and no shard has heard of."""
_UNIX_OFFSET = time.time() - time.perf_counter()
SAVE_SECONDS = 120.0

SaveCheckpoint = Callable[[Learner, Progress], None]


class Training:
    """One life of a run, from the first published weights to the last checkpoint.

        training = Training(
            config, runtime, learner, router, source, reporter, save_checkpoint, record_evaluation, Progress()
        )
        outcome = training.run()

    `interrupt()` may be called from a signal handler: the loop then ends after the update at hand.
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
    ) -> None:
        self._config = config
        self._runtime = runtime
        self._learner = learner
        self._router = router
        self._keeper = ShardKeeper(runtime, router)
        self._source = source
        self._reporter = reporter
        self._save = save_checkpoint
        self._before = before
        self._probing = probing
        self._publisher = WeightsPublisher(learner, runtime, before.weights_version)
        judge = Judge({name: task.solved_at for name, task in config.tasks.items()})
        self._evaluations = Evaluations(runtime, judge, self._publisher, self._progress, record_evaluation)
        self._monitor = ReplayMonitor(runtime.clients, time.perf_counter, before.counted)
        self._feedback = (
            PriorityFeedback(router, FEEDBACK_PERIOD) if config.replay.selector == "proportional" else None
        )
        self._phases = PhaseTimes(time.perf_counter, PHASES)
        self._losses = LossLog(list(config.tasks))
        self._staleness: dict[str, float] = {}
        self._updates = self._checkpoints = 0
        self._last_checkpoint = CheckpointStatus(learner.learner_step, time.time())
        self._last_report = self._last_supervision = self._last_update = time.perf_counter()
        self._interrupted = False
        self._reported_crews: list[Crew] = []

    def interrupt(self) -> None:
        """Ask the loop to end."""
        self._interrupted = True

    def run(self) -> Outcome:
        """Train until solved, out of budget, or interrupted.

        Raises:
            TrainingFailedError: the run cannot go on; the message says why.
        """
        self._monitor.settle(timeout_seconds=SETTLE_SECONDS)
        for task, table in self._monitor.tables().items():
            self._router.take_over(task, table.restored, table.sampled)
        if self._before.life > 0:
            self._publisher.go_on_from(self._monitor.weights_version() + UNHEARD_VERSIONS)
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
        return self._finish(reason)

    def _stop_reason(self) -> StopReason | None:
        if self._evaluations.judge.solved is not None:
            return "solved"
        if self._interrupted:
            return "interrupted"
        env_steps = sum(self._before.env_steps.values()) + self._monitor.env_steps()
        return "budget" if env_steps >= self._config.stop_env_steps else None

    def _wait_for_data(self) -> None:
        self._monitor.refresh()
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
            self._refuse_divergence(step)
            self._staleness = {batch.task: batch.staleness for batch in batches}
            self._publisher.publish()
            self._phases.mark("publishing")
        if step % self._config.evaluation.period == 0:
            self._evaluations.due()
        if step % self._config.checkpoint.period == 0:
            self._checkpoint()
        if step % STATS_PERIOD == 0:
            self._monitor.refresh()

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
            self._report(self._progress())
        self._evaluations.tick()
        self._phases.mark("other")

    def _report_changed_crews(self) -> None:
        """Let a report be due, where actors came or went since the last change that was reported."""
        crews = [self._runtime.crew(task) for task in self._config.tasks]
        if crews != self._reported_crews:
            self._reported_crews, self._last_report = crews, 0.0

    def _refuse_divergence(self, step: int) -> None:
        task = self._losses.not_finite()
        if task is not None:
            raise TrainingFailedError(
                f"the loss of task {task!r} is not finite at learner step {step}: "
                f"lower learner.learning_rate ({self._config.learner.learning_rate:g}) "
                f"or bound rewards by tasks.{task}.reward_clip"
            )

    def _held_up_by(self) -> list[str]:
        """Return the tasks for whose transitions the learner has been waiting for a while."""
        waits = time.perf_counter() - self._last_update > REPORT_SECONDS
        return self._source.waiting_for() if waits else []

    def _refuse_to_stall(self, now: float) -> None:
        """End a run that stands still, unless slots or shards are waited for: the status says so."""
        if self._keeper.waits or any(self._runtime.crew(t).slots == 0 for t in self._source.waiting_for()):
            self._monitor.excuse_silence()
            return
        if min(self._monitor.seconds_since_last(), now - self._last_update) > STALL_SECONDS:
            waiting = ", ".join(self._source.waiting_for())
            raise TrainingFailedError(
                f"nothing reached replay for {STALL_SECONDS:.0f} s, and the learner waits for: {waiting}"
            )

    def _progress(self) -> Progress:
        before = self._before
        return Progress(
            env_steps={
                task: before.env_steps.get(task, 0) + self._monitor.env_steps(task)
                for task in self._config.tasks
            },
            train_seconds=before.train_seconds + self._monitor.seconds_since_first(),
            life=before.life,
            weights_version=self._publisher.version,
            counted=self._monitor.counted(),
        )

    def _report(self, progress: Progress) -> None:
        if not self._monitor.complete:
            return
        readings = LearnerReadings(
            train_seconds=progress.train_seconds - self._before.train_seconds,
            learner_step=self._learner.learner_step,
            weights_version=self._publisher.version,
            phase_seconds=self._phases.seconds,
            losses=self._losses.take(),
            weights=dict(zip(self._config.tasks, self._learner.weighting.weights_T.tolist(), strict=True)),
            plain_sums=self._learner.weighting.plain_sums,
            staleness=self._staleness,
            checkpoints=self._checkpoints,
            evaluations=self._evaluations.finished,
            evaluation=self._evaluations.judge.latest,
            probes=None if self._probing is None else self._probing.latest,
            tables=self._monitor.tables(),
            env_steps=progress.env_steps,
            waiting_for=self._held_up_by(),
            last_update_time=self._last_update + _UNIX_OFFSET if self._updates else None,
            last_checkpoint=self._last_checkpoint,
            nodes=self._runtime.nodes(),
            node_deaths=self._runtime.node_deaths(),
            refused_blocks=self._monitor.refused_blocks(),
            lost=dict(self._router.lost),
            shards=self._keeper.statuses(self._monitor.shards()),
        )
        self._reporter.report(readings, self._runtime.crew)

    def _checkpoint(self) -> None:
        self._save(self._learner, self._progress())
        self._count_checkpoint()
        self._keeper.save()

    def _count_checkpoint(self) -> None:
        self._checkpoints += 1
        self._last_checkpoint = CheckpointStatus(self._learner.learner_step, time.time())

    def _finish(self, reason: StopReason) -> Outcome:
        """Stop the actors; settle which weights and which returns the run stands for; save both."""
        train_seconds = self._progress().train_seconds
        phase_seconds = dict(self._phases.seconds)
        reports = self._runtime.stop_actors()
        all_heard = self._monitor.settle(timeout_seconds=SETTLE_SECONDS)
        accounts = self._settle_accounts(reports, all_heard)
        progress = replace(self._progress(), train_seconds=train_seconds)
        if reason == "budget":
            self._evaluations.final()
        judge = self._evaluations.judge
        layout = WeightsLayout(self._learner.network)
        if judge.solved is not None:
            reason = "solved"
            layout.load(self._learner.network, judge.solved.request.snapshot)
        self._save(self._learner, progress)
        self._count_checkpoint()
        replay_saved = self._config.checkpoint.replay and self._keeper.save_and_wait(SAVE_SECONDS)
        self._report(progress)
        return Outcome(
            reason=reason,
            progress=progress,
            learner_step=self._learner.learner_step,
            evaluation=judge.solved or judge.latest,
            weights_sha256=layout.snapshot(self._learner.network).digest(),
            phase_seconds=phase_seconds,
            accounts=accounts,
            replay_saved=replay_saved,
        )

    def _settle_accounts(self, reports: Sequence[ActorReport], all_heard: bool) -> dict[str, TaskAccount]:
        monitor, lost = self._monitor, self._router.lost
        tables = {task: monitor.tables()[task] for task in self._config.tasks}
        whole = all_heard and not lost and books_are_whole(monitor.shards().values(), reports)
        return settle_accounts(tables, monitor.items_by_life(), reports, lost, whole)
