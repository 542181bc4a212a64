"""The in-process runtime: everything in turn in one thread, bit for bit the same for the same seed."""

from types import TracebackType

from actors.actor import Actor, ActorReport
from actors.evaluation import EvaluationStoppedError
from config.errors import ConfigError
from network.weights import WeightsSnapshot
from replay.client import LocalShardClient, ShardClient
from tasks.errors import EnvironmentFailureError
from training.errors import EvaluationFailedError, TrainingFailedError
from training.evaluation.judge import EvaluationRequest, EvaluationResult
from training.fleet import Crew, Node
from training.parts.parts import Parts
from training.runtime import ShardState

SITTING_OUT = 4
"""Turns that an actor leaves out when replay holds it back: asking again decodes a block, mostly in vain."""


class LocalRuntime:
    """Actors, shards and evaluation in the learner's process.

    with LocalRuntime(parts) as runtime:
        runtime.publish(snapshot)
        runtime.start_actors()
        runtime.advance()                 # one block of every actor that replay lets go on
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        replay = parts.replay
        self.shards = [replay.shard(index) for index in range(replay.num_shards)]
        self.clients: list[ShardClient] = [LocalShardClient(shard) for shard in self.shards]
        self._writers = [replay.snapshot_writer(index) for index in range(replay.num_shards)]
        self._weights = _LatestWeights()
        self._evaluation: EvaluationRequest | None = None
        self._actors: list[Actor] = []
        self._turns_out: list[int] = []
        self._halted = False

    def __enter__(self) -> "LocalRuntime":
        for index, shard in enumerate(self.shards):
            self._parts.replay.restore(shard, index)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._actors.clear()
        self._parts.evaluators.close()

    def publish(self, snapshot: WeightsSnapshot) -> None:
        """Keep the newest weights for the actors."""
        self._weights.snapshot = snapshot

    def start_actors(self) -> None:
        """Build every task's actors."""
        try:
            for spec in self._parts.specs:
                crew_size = self._parts.config.tasks[spec.name].actors_here
                for index in range(crew_size):
                    shard = self._parts.replay.shard_of_actor(spec.name, index)
                    client = self.clients[shard]
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

    def supervise(self) -> None:
        """Do nothing: there is no process that could die alone."""

    def crew(self, task: str) -> Crew:
        """Return the state of a task's actors."""
        actors = self._parts.config.tasks[task].actors_here
        return Crew(actors, actors, at_work=actors if self._actors else 0, quarantined=0, restarts=0)

    def nodes(self) -> list[Node]:
        """Return none."""
        return []

    def node_deaths(self) -> int:
        """Return 0."""
        return 0

    def scale(self, task: str, count: int | None) -> None:  # noqa: ARG002 - no number would do
        """Refuse.

        Raises:
            ConfigError: the actors of a run in one process are those that it began with.
        """
        raise ConfigError(
            f"task {task!r} cannot be scaled: a run in one process (--runtime local) keeps the actors that "
            "it began with"
        )

    def request_evaluation(self, request: EvaluationRequest) -> None:
        """Remember what to evaluate."""
        self._evaluation = request

    def finished_evaluation(self) -> EvaluationResult | None:
        """Evaluate now what was asked for; return None if the run was halted meanwhile.

        Raises:
            EvaluationFailedError: an environment failed; all of them will be built anew.
        """
        request, self._evaluation = self._evaluation, None
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
        """Let the step at hand be the last one, of those that act and of those that are evaluated."""
        self._halted = True
        for actor in self._actors:
            actor.halt()
        self._parts.evaluators.stop()

    def stop_actors(self) -> list[ActorReport]:
        """Close every actor's environments."""
        return [actor.stop(timeout_seconds=0.0) for actor in self._actors]

    def revive(self, shard: int, reason: str) -> ShardState:
        """Never called: a shard in this process cannot die alone."""
        raise TrainingFailedError(f"shard {shard} in the learner's own process failed: {reason}")

    def shard_trouble(self, shard: int) -> str | None:  # noqa: ARG002
        """Return None."""
        return None

    def shard_restarts(self, shard: int) -> int:  # noqa: ARG002
        """Return 0."""
        return 0

    def save_replay(self) -> bool:
        """Save every shard now.

        Raises:
            TrainingFailedError: the files cannot be written.
        """
        try:
            for shard, writer in zip(self.shards, self._writers, strict=True):
                if writer is not None:
                    for piece in writer.pieces(shard.tables):
                        writer.write(piece)
                    writer.commit()
            self._parts.replay.remove_old_snapshots()
        except OSError as error:
            raise self._parts.replay.not_saved(error) from error
        return True

    def finish_save(self, timeout_seconds: float) -> bool:  # noqa: ARG002
        """Return True: it is done."""
        return True


class _LatestWeights:
    """A source of weights that holds them."""

    def __init__(self) -> None:
        self.snapshot: WeightsSnapshot | None = None

    def latest(self, newer_than: int) -> WeightsSnapshot | None:
        snapshot = self.snapshot
        return snapshot if snapshot is not None and snapshot.version > newer_than else None
