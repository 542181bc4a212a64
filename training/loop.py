"""The training loop: the learner's side of a run, the same over every runtime."""

from config.schema import RunConfig
from learner.weights_publisher import WeightsPublisher
from training.ending import Ending
from training.evaluation.evaluations import Evaluations
from training.intake import Intake
from training.interruption import Interruption
from training.runtime import Actors
from training.saving import Saver
from training.status.phases import PhaseTimes
from training.status.progress import Outcome, StopReason
from training.supervision import Supervision
from training.updating import Updates

PHASES = ("waiting", "probing", "update", "publishing", "other")
STATS_PERIOD = 50
"""Updates between readings of replay's counters."""


class Training:
    """One life of a run, from the first published weights to the last checkpoint.

        training = assemble(parts, runtime, parts.learner(), Progress())
        outcome = training.run()

    `interrupt()` may be called from a signal handler: the loop then ends after the update at hand.
    """

    def __init__(
        self,
        config: RunConfig,
        actors: Actors,
        intake: Intake,
        updates: Updates,
        publisher: WeightsPublisher,
        evaluations: Evaluations,
        saver: Saver,
        supervision: Supervision,
        interruption: Interruption,
        ending: Ending,
        phases: PhaseTimes,
    ) -> None:
        self._config = config
        self._actors = actors
        self._intake = intake
        self._updates = updates
        self._publisher = publisher
        self._evaluations = evaluations
        self._saver = saver
        self._supervision = supervision
        self._interruption = interruption
        self._ending = ending
        self._phases = phases

    def interrupt(self) -> None:
        """Ask the loop to end."""
        self._interruption.ask()

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
            if self._interruption.asked:
                raise
            self.interrupt()
            reason = "interrupted"
        except (Exception, SystemExit) as raised:
            error = raised
        return self._ending.leave(reason, dict(self._phases.seconds), error)

    def _train(self) -> StopReason:
        self._supervision.begin()
        self._publisher.go_on_from(self._intake.take_over())
        self._publisher.publish()
        self._actors.start()
        while (reason := self._stop_reason()) is None:
            self._actors.advance()
            if self._updates.next(self._publisher.version):
                self._after_update(self._updates.learner.learner_step)
            else:
                self._intake.monitor.refresh()
                self._updates.wait()
            self._supervision.look()
            self._evaluations.tick()
            self._phases.mark("other")
        return reason

    def _stop_reason(self) -> StopReason | None:
        if self._evaluations.judge.solved is not None:
            return "solved"
        if self._interruption.asked:
            return "interrupted"
        return "budget" if self._intake.env_steps() >= self._config.stop_env_steps else None

    def _after_update(self, step: int) -> None:
        if step % self._config.learner.publish_period == 0:
            self._updates.log.refuse_divergence()
            self._publisher.publish()
            self._phases.mark("publishing")
        if step % self._config.evaluation.period == 0:
            self._evaluations.due()
        if self._saver.due():
            self._updates.log.refuse_divergence()
            self._saver.save()
        if step % STATS_PERIOD == 0:
            self._intake.monitor.refresh()
