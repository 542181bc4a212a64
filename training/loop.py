"""The training loop: the learner's side of a run, the same over every runtime."""

from config.schema import RunConfig
from training.ending import Ending
from training.intake import Intake
from training.interruption import Interruption
from training.schedule import Schedule
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
        intake: Intake,
        updates: Updates,
        schedule: Schedule,
        supervision: Supervision,
        interruption: Interruption,
        ending: Ending,
    ) -> None:
        self._config = config
        self._intake = intake
        self._updates = updates
        self._schedule = schedule
        self._supervision = supervision
        self._interruption = interruption
        self._ending = ending

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
        return self._ending.leave(reason, dict(self._updates.phases.seconds), error)

    def _train(self) -> StopReason:
        self._supervision.begin()
        self._schedule.begin(self._intake.take_over())
        self._intake.actors.start()
        while (reason := self._stop_reason()) is None:
            self._intake.actors.advance()
            if self._updates.next(self._schedule.weights_version):
                self._after_update(self._updates.learner.learner_step)
            else:
                self._intake.monitor.refresh()
                self._updates.wait()
            self._supervision.look()
            self._schedule.tick()
            self._updates.phases.mark("other")
        return reason

    def _stop_reason(self) -> StopReason | None:
        if self._schedule.solved:
            return "solved"
        if self._interruption.asked:
            return "interrupted"
        return "budget" if self._intake.env_steps() >= self._config.stop_env_steps else None

    def _after_update(self, step: int) -> None:
        self._schedule.after_update(step)
        if step % STATS_PERIOD == 0:
            self._intake.monitor.refresh()
