"""Evaluation in a process of its own, one request at a time."""

import time
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError

from deploy.errors import TrainingFailedError
from deploy.judge import EvaluationRequest, EvaluationResult
from deploy.parts import Parts
from deploy.ray.cluster import ray_actor
from deploy.ray.workers import EvaluatorHost
from deploy.supervisor import GiveUp, Supervisor

MAX_DEATHS = 3
WINDOW_SECONDS = 120.0
LOOK_SECONDS = 0.05


class RayEvaluator:
    """Sends a request's tasks to an evaluator process, and all of them again if it dies."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._supervisor = Supervisor(MAX_DEATHS, WINDOW_SECONDS)
        self._host = self._new_host()
        self._request: EvaluationRequest | None = None
        self._refs: dict[str, Any] = {}
        self._next_look = 0.0

    def request(self, request: EvaluationRequest) -> None:
        """Begin an evaluation of every task."""
        self._request = request
        snapshot = ray.put(request.snapshot)
        episodes = self._parts.config.evaluation.episodes
        self._refs = {
            spec.name: self._host.evaluate.remote(spec.name, snapshot, episodes, request.round_number)
            for spec in self._parts.specs
        }

    def finished(self) -> EvaluationResult | None:
        """Return the result once every task's is there.

        Raises:
            TrainingFailedError: an environment failed, or the evaluator died again and again.
        """
        now = time.monotonic()
        if self._request is None or now < self._next_look:
            return None
        self._next_look = now + LOOK_SECONDS
        refs = list(self._refs.values())
        ready, _ = ray.wait(refs, num_returns=len(refs), timeout=0)
        if len(ready) < len(refs):
            return None
        request, self._request = self._request, None
        try:
            returns = dict(zip(self._refs, ray.get(refs), strict=True))
        except RayTaskError as error:
            raise TrainingFailedError(f"evaluation failed: {error.cause}") from error
        except RayError as error:
            self._replace(type(error).__name__)
            self.request(request)
            return None
        return EvaluationResult(request, returns)

    def _replace(self, reason: str) -> None:
        match self._supervisor.died("the evaluator", f"its process ended ({reason})", time.monotonic()):
            case GiveUp(sentence):
                raise TrainingFailedError(sentence)
            case _:
                self._host = self._new_host()

    def _new_host(self) -> Any:  # noqa: ANN401 - ray's own type
        return ray_actor(EvaluatorHost, slot="evaluator").remote(self._parts)
