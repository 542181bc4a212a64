"""Keeps evaluations going beside the training, one at a time, and knows what they say."""

import logging
import time
from collections.abc import Callable

from learner.weights_publisher import WeightsPublisher
from training.errors import EvaluationFailedError, TrainingFailedError
from training.evaluation.judge import EvaluationRequest, EvaluationResult, Judge
from training.runtime import EvaluationService
from training.status.progress import Progress

MAX_FAILURES = 3
WAIT_SECONDS = 0.01

RecordEvaluation = Callable[[EvaluationResult, Progress], None]
"""Takes a finished evaluation, and how far the run had come when it began."""

logger = logging.getLogger(__name__)


def record_all(*records: RecordEvaluation) -> RecordEvaluation:
    """Return what hands an evaluation to several, one after another."""

    def record(result: EvaluationResult, progress: Progress) -> None:
        for each in records:
            each(result, progress)

    return record


class Evaluations:
    """Asks for an evaluation when one is due and none is under way.

        evaluations.due()                    # every so many updates
        evaluations.tick()                   # often
        if evaluations.judge.solved: ...

    An evaluation that fails is repeated with the same episodes. If it fails again, they may be what cannot be
    played: the newest weights are evaluated in its place, on other episodes.

    Attributes:
        judge: hears every result.
        finished: evaluations that came to a result.
        failed: those that came to none.
    """

    def __init__(
        self,
        service: EvaluationService,
        judge: Judge,
        publisher: WeightsPublisher,
        progress: Callable[[], Progress],
        record: RecordEvaluation,
    ) -> None:
        self._service = service
        self._publisher = publisher
        self._progress = progress
        self._record = record
        self._begun_at = Progress()
        self._due = False
        self._under_way: EvaluationRequest | None = None
        self._failures_in_a_row = 0
        self.judge = judge
        self.finished = self.failed = 0

    def due(self) -> None:
        """Ask for an evaluation of the weights as they are when one can begin."""
        self._due = True

    def tick(self) -> None:
        """Take in an evaluation that has ended, begin one that is due.

        Raises:
            TrainingFailedError: evaluations failed `MAX_FAILURES` times in a row.
        """
        if self._under_way is not None:
            self._hear_of(self._under_way)
        elif self._due:
            self._due = False
            self._begin(self.judge.request(self._publisher.publish()))

    def final(self, interrupted: Callable[[], bool] = lambda: False) -> None:
        """Evaluate the weights as they are now, and wait until the judge has heard the result.

        However long it takes: environments that have stopped to step count as failed, slow ones do not. Once
        `interrupted` says so nothing is waited for, and the judge keeps what it heard before.

        Raises:
            TrainingFailedError: evaluations failed `MAX_FAILURES` times in a row.
        """
        self._wait_until_idle(interrupted)
        self._due = True
        self._wait_until_idle(interrupted)

    def _begin(self, request: EvaluationRequest) -> None:
        self._begun_at = self._progress()
        self._ask_for(request)

    def _ask_for(self, request: EvaluationRequest) -> None:
        self._under_way = request
        self._service.request(request)

    def _hear_of(self, request: EvaluationRequest) -> None:
        try:
            result = self._service.finished()
        except EvaluationFailedError as error:
            self._take_in_failure(request, str(error))
            return
        if result is not None:
            self._take_in(result)

    def _take_in(self, result: EvaluationResult) -> None:
        self._under_way = None
        self._failures_in_a_row = 0
        self.finished += 1
        self._record(result, self._begun_at)
        confirmation = self.judge.consider(result)
        if confirmation is not None:
            self._begin(confirmation)

    def _take_in_failure(self, request: EvaluationRequest, reason: str) -> None:
        self._under_way = None
        self.failed += 1
        self._failures_in_a_row += 1
        if self._failures_in_a_row >= MAX_FAILURES:
            raise TrainingFailedError(
                f"evaluations failed {MAX_FAILURES} times in a row, the last time because: {reason}"
            )
        logger.warning("an evaluation failed and is repeated: %s", reason)
        if self._failures_in_a_row == 1:
            self._ask_for(request)
        else:
            self._due = True

    def _wait_until_idle(self, interrupted: Callable[[], bool]) -> None:
        while (self._under_way is not None or self._due) and not interrupted():
            self.tick()
            time.sleep(WAIT_SECONDS)
