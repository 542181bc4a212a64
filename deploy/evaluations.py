"""Keeps evaluations going beside the training, one at a time, and knows what they say."""

import time
from collections.abc import Callable

from deploy.errors import TrainingFailedError
from deploy.judge import EvaluationRequest, EvaluationResult, Judge
from deploy.progress import Progress
from deploy.runtime import Runtime
from learner.weights_publisher import WeightsPublisher

FINAL_SECONDS = 300.0

RecordEvaluation = Callable[[EvaluationResult, Progress], None]
"""Takes a finished evaluation, and how far the run had come when it began."""


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
    """

    def __init__(
        self,
        runtime: Runtime,
        judge: Judge,
        publisher: WeightsPublisher,
        progress: Callable[[], Progress],
        record: RecordEvaluation,
    ) -> None:
        self._runtime = runtime
        self._publisher = publisher
        self._progress = progress
        self._record = record
        self._begun_at = Progress()
        self._due = False
        self._under_way = False
        self.judge = judge
        self.finished = 0

    def due(self) -> None:
        """Ask for an evaluation of the weights as they are when one can begin."""
        self._due = True

    def tick(self) -> None:
        """Take in a finished evaluation, begin one that is due."""
        if self._under_way:
            result = self._runtime.finished_evaluation()
            if result is not None:
                self._take_in(result)
        elif self._due:
            self._due = False
            self._begin(self.judge.request(self._publisher.publish()))

    def final(self) -> None:
        """Evaluate the weights as they are now, and wait until the judge has heard the result.

        Raises:
            TrainingFailedError: it took longer than `FINAL_SECONDS`, or its environments failed.
        """
        self._wait_until_idle()
        self._begin(self.judge.request(self._publisher.publish()))
        self._wait_until_idle()

    def _begin(self, request: EvaluationRequest) -> None:
        self._under_way = True
        self._begun_at = self._progress()
        self._runtime.request_evaluation(request)

    def _take_in(self, result: EvaluationResult) -> None:
        self._under_way = False
        self.finished += 1
        self._record(result, self._begun_at)
        confirmation = self.judge.consider(result)
        if confirmation is not None:
            self._begin(confirmation)

    def _wait_until_idle(self) -> None:
        deadline = time.monotonic() + FINAL_SECONDS
        while self._under_way:
            if time.monotonic() > deadline:
                raise TrainingFailedError(f"an evaluation did not finish within {FINAL_SECONDS:.0f} s")
            self._runtime.supervise()
            self.tick()
            time.sleep(0.01)
