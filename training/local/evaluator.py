"""Evaluation in the learner's process."""

from actors.evaluation import EvaluationStoppedError
from tasks.errors import EnvironmentFailureError
from training.errors import EvaluationFailedError
from training.evaluation.judge import EvaluationRequest, EvaluationResult
from training.parts.parts import Parts


class LocalEvaluator:
    """Evaluates when it is asked for the result."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._request: EvaluationRequest | None = None
        self._halted = False

    def request(self, request: EvaluationRequest) -> None:
        """Remember what to evaluate."""
        self._request = request

    def finished(self) -> EvaluationResult | None:
        """Evaluate now what was asked for; return None if the run was halted meanwhile.

        Raises:
            EvaluationFailedError: an environment failed; all of them will be built anew.
        """
        request, self._request = self._request, None
        if request is None or self._halted:
            return None
        episodes = self._parts.config.evaluation.episodes
        try:
            returns = {
                spec.name: self._parts.evaluate(spec, request.snapshot, episodes, request.round_number)
                for spec in self._parts.specs
            }
        except EvaluationStoppedError:
            return None
        except EnvironmentFailureError as error:
            self._parts.evaluators.close()
            raise EvaluationFailedError(str(error)) from error
        return EvaluationResult(request, returns)

    def halt(self) -> None:
        """Let the step at hand be the last one."""
        self._halted = True
        self._parts.evaluators.stop()
