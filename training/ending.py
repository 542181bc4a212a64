"""The one way out of a run, whatever ends it: what it learned is saved before anything else can fail."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from actors.sender import RefusedBlockError
from config.schema import RunConfig
from learner.divergence import DivergedError
from learner.learner import Learner
from network.weights import WeightsLayout
from replay.client import ShardUnavailableError
from tasks.errors import EnvironmentFailureError
from training.errors import ClusterError, TrainingFailedError
from training.evaluation.evaluations import Evaluations
from training.intake import Intake
from training.interruption import Interruption
from training.saving import Saver
from training.status.accounting import TaskAccount
from training.status.progress import Outcome, Progress, StopReason

SAVE_REPLAY_SECONDS = 120.0
_TOLD_IN_A_SENTENCE = (
    TrainingFailedError,
    EnvironmentFailureError,
    ShardUnavailableError,
    ClusterError,
    DivergedError,
    RefusedBlockError,
)
"""Errors whose message is for the user; any other is a fault of the program and keeps its traceback."""

RecordOutcome = Callable[[Outcome], None]
"""Writes down what a run has come to so far; called again when more is known."""

T = TypeVar("T")


class Ending:
    """Leaves a run in steps, none of which is left out because an earlier one failed.

    1. The learner is saved, and a summary says why the run ends.
    2. The actors end, and the books are settled.
    3. The learner is saved again if more has arrived since, and then replay.
    4. Where the budget is used up, the last weights are evaluated.
    5. The summary says how it all went.

        outcome = ending.leave("budget", phase_seconds)

    Errors of the steps are gathered and raised in the end, as one sentence each.
    """

    def __init__(
        self,
        config: RunConfig,
        learner: Learner,
        intake: Intake,
        progress: Callable[[], Progress],
        evaluations: Evaluations,
        saver: Saver,
        interruption: Interruption,
        report: Callable[[], None],
        record: RecordOutcome,
    ) -> None:
        self._config = config
        self._learner = learner
        self._intake = intake
        self._progress = progress
        self._evaluations = evaluations
        self._saver = saver
        self._interruption = interruption
        self._report = report
        self._record = record
        self._layout = WeightsLayout(learner.network)
        self._failures: list[Exception | SystemExit] = []

    def leave(
        self,
        reason: StopReason,
        phase_seconds: Mapping[str, float],
        error: Exception | SystemExit | None = None,
    ) -> Outcome:
        """End the run for a reason and return its outcome.

        Args:
            reason: why it ends.
            phase_seconds: the learner's time by phase.
            error: what ended it, where `reason` is `failed`.

        Raises:
            TrainingFailedError: an error ended the run, or a step of its end failed.
        """
        if error is not None:
            self._failures.append(error)
        self._intake.stop_clock()
        self._keep_solved_weights()
        saved = self._try(self._save_learner)
        # A run that is killed during its last evaluation was interrupted: it is not done.
        so_far: StopReason = "interrupted" if reason == "budget" else reason
        self._try(lambda: self._record(self._outcome(so_far, phase_seconds, None, False)))
        accounts = self._try(self._intake.stop_actors)
        if self._progress() != saved:
            self._try(self._save_learner)
        replay_saved = bool(self._try(lambda: self._saver.save_replay(SAVE_REPLAY_SECONDS)))
        self._try(self._report)
        if reason == "budget":
            self._try(self._evaluate_last_weights)
            reason = "interrupted" if self._interruption.asked else reason
        if self._evaluations.judge.solved is not None:
            reason = "solved"
        outcome = self._outcome(reason, phase_seconds, accounts, replay_saved)
        self._try(lambda: self._record(outcome))
        if self._failures:
            raise self._failure()
        return outcome

    def _save_learner(self) -> Progress:
        progress = self._progress()
        self._saver.save_learner(progress)
        return progress

    def _keep_solved_weights(self) -> None:
        """Put the weights that were found good in the place of those that came after them."""
        solved = self._evaluations.judge.solved
        if solved is not None:
            self._layout.load(self._learner.network, solved.request.snapshot)

    def _evaluate_last_weights(self) -> None:
        if self._learner.learner_step == 0:
            raise TrainingFailedError(no_update_sentence(self._config))
        self._evaluations.final(lambda: self._interruption.asked)
        if self._evaluations.judge.solved is not None:
            self._keep_solved_weights()
            self._save_learner()

    def _outcome(
        self,
        reason: StopReason,
        phase_seconds: Mapping[str, float],
        accounts: Mapping[str, TaskAccount] | None,
        replay_saved: bool,
    ) -> Outcome:
        judge = self._evaluations.judge
        error = "; ".join(self._sentences()) or None
        return Outcome(
            reason="failed" if error else reason,
            error=error,
            progress=self._progress(),
            learner_step=self._learner.learner_step,
            evaluation=judge.solved or judge.latest,
            weights_sha256=self._layout.snapshot(self._learner.network).digest(),
            phase_seconds=phase_seconds,
            accounts=accounts,
            replay_saved=replay_saved,
            evaluations_failed=self._evaluations.failed,
        )

    def _try(self, step: Callable[[], T]) -> T | None:
        """Return what a step returns, or remember its error: what comes after it is done all the same."""
        try:
            return step()
        except (Exception, SystemExit) as error:
            known = isinstance(error, DivergedError) and any(
                isinstance(earlier, DivergedError) for earlier in self._failures
            )
            if not known:
                self._failures.append(error)
            return None

    def _failure(self) -> BaseException:
        """Return what to raise: the first fault of the program if there is one, else all sentences."""
        for error in self._failures:
            if not isinstance(error, (*_TOLD_IN_A_SENTENCE, SystemExit)):
                return error
        told = "\n".join(self._sentences())
        saved = self._saver.last.learner_step
        if self._saver.checkpoints or saved:
            told += f"; learner step {saved} is saved, and `trunkline resume` goes on from there"
        failed = TrainingFailedError(told)
        failed.__cause__ = self._failures[0]
        return failed

    def _sentences(self) -> list[str]:
        return list(dict.fromkeys(self._sentence(error) for error in self._failures))

    def _sentence(self, error: Exception | SystemExit) -> str:
        match error:
            case DivergedError():
                return diverged_sentence(error, self._learner)
            case SystemExit():
                return f"something called sys.exit({error.code!r}) in the process of the learner"
            case Exception() if isinstance(error, _TOLD_IN_A_SENTENCE):
                return str(error)
            case _:
                return f"{type(error).__name__}: {error}"


def diverged_sentence(error: DivergedError, learner: Learner) -> str:
    """Return what a user reads of a run that diverged."""
    step_size = learner.optimizer.param_groups[0]["lr"]
    return (
        f"{error.what} is not finite at learner step {learner.learner_step}: "
        f"lower learner.learning_rate (the step size was {step_size:g}) or bound rewards by "
        "tasks.*.reward_clip"
    )


def no_update_sentence(config: RunConfig) -> str:
    """Return what a user reads of a run that ended before it learned anything."""
    return (
        f"the budget was used up before the first update: learning begins once every task has "
        f"replay.min_size_to_sample ({config.replay.min_size_to_sample}) transitions; "
        f"raise stop_env_steps ({config.stop_env_steps}) or lower replay.min_size_to_sample"
    )
