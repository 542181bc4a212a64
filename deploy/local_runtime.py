"""The in-process runtime: everything in turn in one thread, bit for bit the same for the same seed."""

from types import TracebackType

from actors.actor import Actor
from deploy.errors import TrainingFailedError
from deploy.judge import EvaluationRequest, EvaluationResult
from deploy.parts import Parts
from deploy.runtime import Crew
from network.weights import WeightsSnapshot
from replay.client import LocalShardClient
from tasks.errors import EnvironmentFailureError


class LocalRuntime:
    """Actors, shard and evaluation in the learner's process.

    with LocalRuntime(parts) as runtime:
        runtime.publish(snapshot)
        runtime.start_actors()
        runtime.advance()                 # one block of every actor that replay lets go on
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.shard = parts.shard()
        self.client = LocalShardClient(self.shard)
        self._weights = _LatestWeights()
        self._evaluation: EvaluationRequest | None = None
        self._actors: list[Actor] = []

    def __enter__(self) -> "LocalRuntime":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._actors.clear()

    def publish(self, snapshot: WeightsSnapshot) -> None:
        """Keep the newest weights for the actors."""
        self._weights.snapshot = snapshot

    def start_actors(self) -> None:
        """Build every task's actors."""
        try:
            self._actors = [
                self._parts.actor(spec, index, 0, self.client, self._weights)
                for spec in self._parts.specs
                for index in range(self._parts.config.tasks[spec.name].actors)
            ]
        except EnvironmentFailureError as error:
            raise TrainingFailedError(str(error)) from error

    def advance(self) -> None:
        """Let every actor send one block, if replay allows."""
        try:
            for actor in self._actors:
                actor.advance(timeout_seconds=0.0)
        except EnvironmentFailureError as error:
            raise TrainingFailedError(str(error)) from error

    def supervise(self) -> None:
        """Do nothing: there is no process that could die alone."""

    def crew(self, task: str) -> Crew:
        """Return the state of a task's actors."""
        return Crew(self._parts.config.tasks[task].actors if self._actors else 0, 0)

    def request_evaluation(self, request: EvaluationRequest) -> None:
        """Remember what to evaluate."""
        self._evaluation = request

    def finished_evaluation(self) -> EvaluationResult | None:
        """Evaluate now what was asked for."""
        request, self._evaluation = self._evaluation, None
        if request is None:
            return None
        episodes = self._parts.config.evaluation.episodes
        returns = {
            spec.name: self._parts.evaluate(spec, request.snapshot, episodes, request.round_number)
            for spec in self._parts.specs
        }
        return EvaluationResult(request, returns)

    def stop_actors(self) -> None:
        """Close every actor's environments."""
        for actor in self._actors:
            actor.stop(timeout_seconds=0.0)


class _LatestWeights:
    """A source of weights that holds them."""

    def __init__(self) -> None:
        self.snapshot: WeightsSnapshot | None = None

    def latest(self, newer_than: int) -> WeightsSnapshot | None:
        snapshot = self.snapshot
        return snapshot if snapshot is not None and snapshot.version > newer_than else None
