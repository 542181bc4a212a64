"""When is a run solved? A pure decision over evaluation results."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean, pstdev

from actors.evaluation import EpisodeReturns
from network.weights import WeightsSnapshot


@dataclass(frozen=True)
class EvaluationRequest:
    """Weights to evaluate on every task; each round number stands for fresh episodes."""

    snapshot: WeightsSnapshot
    round_number: int
    confirms: bool


@dataclass(frozen=True)
class EvaluationResult:
    """Greedy returns by task."""

    request: EvaluationRequest
    returns: Mapping[str, EpisodeReturns]

    def mean(self, task: str) -> float:
        """Mean undiscounted return."""
        return fmean(self.returns[task].undiscounted)

    def std(self, task: str) -> float:
        """Standard deviation of the undiscounted returns."""
        return pstdev(self.returns[task].undiscounted)

    def discounted_mean(self, task: str) -> float:
        """Mean discounted return."""
        return fmean(self.returns[task].discounted)

    def episodes(self, task: str) -> int:
        """Number of episodes."""
        return len(self.returns[task].undiscounted)


class Judge:
    """Calls a run solved when one set of weights passes twice: on fresh episodes, and on others to confirm.

    The second pass keeps luck from stopping a run: many evaluations are looked at, and the best of many is
    better than it is.

        judge = Judge({"cartpole": 475.0, "mountaincar": -110.0})
        request = judge.request(snapshot)
        verdict = judge.consider(result)              # another request, or None
        judge.solved                                  # the confirming result, once there is one
    """

    def __init__(self, solved_at: Mapping[str, float | None]) -> None:
        self._solved_at = {task: bound for task, bound in solved_at.items() if bound is not None}
        self._rounds = 0
        self.latest: EvaluationResult | None = None
        self.solved: EvaluationResult | None = None

    def request(self, snapshot: WeightsSnapshot) -> EvaluationRequest:
        """Ask for a first look at some weights."""
        return self._next(snapshot, confirms=False)

    def consider(self, result: EvaluationResult) -> EvaluationRequest | None:
        """Take in a result; return the request that it calls for, if any."""
        self.latest = result
        if not self._passes(result):
            return None
        if result.request.confirms:
            self.solved = result
            return None
        return self._next(result.request.snapshot, confirms=True)

    def task_solved(self, result: EvaluationResult, task: str) -> bool | None:
        """Return whether a task passes in a result; None if it has no bound."""
        bound = self._solved_at.get(task)
        return None if bound is None else result.mean(task) >= bound

    def _passes(self, result: EvaluationResult) -> bool:
        return bool(self._solved_at) and all(self.task_solved(result, task) for task in self._solved_at)

    def _next(self, snapshot: WeightsSnapshot, confirms: bool) -> EvaluationRequest:
        self._rounds += 1
        return EvaluationRequest(snapshot, self._rounds, confirms)
