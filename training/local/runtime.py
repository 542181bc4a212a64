"""The in-process runtime: everything in turn in one thread, bit for bit the same for the same seed."""

from types import TracebackType
from typing import Self

from training.local.actors import LatestWeights, LocalActors, LocalFleet
from training.local.evaluator import LocalEvaluator
from training.local.shards import LocalShards
from training.parts.parts import Parts


class LocalRuntime:
    """Actors, shards and evaluation in the learner's process.

    with LocalRuntime(parts) as runtime:
        runtime.weights.publish(snapshot)
        runtime.actors.start()
        runtime.actors.advance()          # one block of every actor that replay lets go on
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.weights = LatestWeights()
        self.shards = LocalShards(parts)
        self.actors = LocalActors(parts, self.shards.clients, self.weights)
        self.fleet = LocalFleet(parts, self.actors)
        self.evaluator = LocalEvaluator(parts)

    def __enter__(self) -> Self:
        self.shards.restore()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.actors.close()
        self._parts.evaluators.close()

    def halt(self) -> None:
        """Let the step at hand be the last one, of those that act and of those that are evaluated."""
        self.evaluator.halt()
        self.actors.halt()
