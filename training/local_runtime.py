"""The in-process runtime: everything in turn in one thread, bit for bit the same for the same seed."""

from types import TracebackType
from typing import Self

from actors.actor import Actor, ActorReport
from actors.evaluation import EvaluationStoppedError
from config.errors import ConfigError
from network.weights import WeightsSnapshot
from replay.client import LocalShardClient, ShardClient
from tasks.errors import EnvironmentFailureError
from training.errors import EvaluationFailedError, TrainingFailedError
from training.evaluation.judge import EvaluationRequest, EvaluationResult
from training.fleet import ClusterStatus, Crew
from training.parts.parts import Parts
from training.runtime import ShardState

SITTING_OUT = 4
"""Turns that an actor leaves out when replay holds it back: asking again decodes a block, mostly in vain."""


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


class LatestWeights:
    """A sink of weights and the source that has the newest of them."""

    def __init__(self) -> None:
        self._snapshot: WeightsSnapshot | None = None

    def publish(self, snapshot: WeightsSnapshot) -> None:
        """Keep the newest weights."""
        self._snapshot = snapshot

    def latest(self, newer_than: int) -> WeightsSnapshot | None:
        """Return them, if they are newer than that version."""
        snapshot = self._snapshot
        return snapshot if snapshot is not None and snapshot.version > newer_than else None


class LocalActors:
    """Actors that take turns.

    Attributes:
        reports: what became of their transitions, once they were stopped.
    """

    def __init__(self, parts: Parts, clients: list[ShardClient], weights: LatestWeights) -> None:
        self._parts = parts
        self._clients = clients
        self._weights = weights
        self._actors: list[Actor] = []
        self._turns_out: list[int] = []
        self.reports: list[ActorReport] = []

    @property
    def at_work(self) -> bool:
        """Whether they were started."""
        return bool(self._actors)

    def start(self) -> None:
        """Build every task's actors."""
        try:
            for spec in self._parts.specs:
                crew_size = self._parts.config.tasks[spec.name].actors_here
                for index in range(crew_size):
                    client = self._clients[self._parts.replay.shard_of_actor(spec.name, index)]
                    self._actors.append(self._parts.actor(spec, index, 0, crew_size, client, self._weights))
                    self._turns_out.append(0)
        except EnvironmentFailureError as error:
            raise TrainingFailedError(str(error)) from error

    def advance(self) -> None:
        """Let every actor send one block, if replay allows and it does not sit out."""
        try:
            for number, actor in enumerate(self._actors):
                if self._turns_out[number]:
                    self._turns_out[number] -= 1
                elif not actor.advance(timeout_seconds=0.0):
                    self._turns_out[number] = SITTING_OUT
        except EnvironmentFailureError as error:
            raise TrainingFailedError(str(error)) from error

    def halt(self) -> None:
        """Let the step at hand be the last one."""
        for actor in self._actors:
            actor.halt()

    def stop(self) -> list[ActorReport]:
        """Close every actor's environments."""
        self.reports = [actor.stop(timeout_seconds=0.0) for actor in self._actors]
        return self.reports

    def close(self) -> None:
        """Let go of them and of all that they hold."""
        self._actors.clear()


class LocalFleet:
    """The actors that a run in one process begins with; there is no cluster.

    Attributes:
        cluster: no nodes.
    """

    def __init__(self, parts: Parts, actors: LocalActors) -> None:
        self._parts = parts
        self._actors = actors
        self.cluster = ClusterStatus()

    def crew(self, task: str) -> Crew:
        """Return the state of a task's actors."""
        count = self._parts.config.tasks[task].actors_here
        return Crew(count, count, at_work=count if self._actors.at_work else 0, quarantined=0, restarts=0)

    def scale(self, task: str, count: int | None) -> None:  # noqa: ARG002 - no number would do
        """Refuse.

        Raises:
            ConfigError: the actors of a run in one process are those that it began with.
        """
        raise ConfigError(
            f"task {task!r} cannot be scaled: a run in one process (--runtime local) keeps the actors that "
            "it began with"
        )


class LocalShards:
    """Shards in this process, which cannot die alone and are saved at once."""

    def __init__(self, parts: Parts) -> None:
        self._replay = parts.replay
        indices = range(parts.replay.num_shards)
        self._writers = [parts.replay.snapshot_writer(index) for index in indices]
        self.all = [parts.replay.shard(index) for index in indices]
        self.clients: list[ShardClient] = [LocalShardClient(shard) for shard in self.all]

    def restore(self) -> None:
        """Fill them from their snapshots."""
        for index, shard in enumerate(self.all):
            self._replay.restore(shard, index)

    def revive(self, shard: int, reason: str) -> ShardState:
        """End the run: what went wrong in one of them went wrong in the learner's process.

        Raises:
            TrainingFailedError: always.
        """
        raise TrainingFailedError(f"shard {shard} in the learner's own process failed: {reason}")

    def save(self) -> bool:
        """Save every shard now.

        Raises:
            TrainingFailedError: the files cannot be written.
        """
        try:
            for shard, writer in zip(self.all, self._writers, strict=True):
                if writer is not None:
                    for piece in writer.pieces(shard.tables):
                        writer.write(piece)
                    writer.commit()
            self._replay.remove_old_snapshots()
        except OSError as error:
            raise self._replay.not_saved(error) from error
        return True

    def finish_save(self, timeout_seconds: float) -> bool:  # noqa: ARG002 - nothing is under way
        """Return True: what `save` began is done."""
        return True


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
