"""The Ray runtime: shards, actors and an evaluator in processes of their own; the learner is the driver."""

from contextlib import ExitStack
from types import TracebackType

from actors.actor import ActorReport
from deploy.judge import EvaluationRequest, EvaluationResult
from deploy.parts import Parts
from deploy.ray.cluster import cluster, ray_actor
from deploy.ray.crew import ActorCrew
from deploy.ray.evaluator import RayEvaluator
from deploy.ray.shards import ShardCrew
from deploy.ray.weights import RayWeightsSink, WeightsBoard
from deploy.runtime import Crew
from network.weights import WeightsSnapshot
from replay.client import ShardClient


class RayRuntime:
    """Real processes, on a cluster of this machine's own or on one by address.

    with RayRuntime(parts, address=None) as runtime:
        runtime.publish(snapshot)
        runtime.start_actors()
    """

    def __init__(self, parts: Parts, address: str | None) -> None:
        self._parts = parts
        self._address = address
        self._cleanup = ExitStack()

    def __enter__(self) -> "RayRuntime":
        slots = {f"task:{name}": task.actors for name, task in self._parts.config.tasks.items()}
        self._cleanup.enter_context(
            cluster(self._address, {**slots, "replay": self._parts.replay.num_shards, "evaluator": 1})
        )
        try:
            self._bring_up()
        except BaseException:
            self._cleanup.close()
            raise
        return self

    def _bring_up(self) -> None:
        self.shards = ShardCrew(self._parts)
        board = ray_actor(WeightsBoard).remote()
        self._sink = RayWeightsSink(board)
        self.crew_of_actors = ActorCrew(self._parts, board)
        self._evaluator = RayEvaluator(self._parts)
        self.shards.wait_until_up()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cleanup.close()

    @property
    def clients(self) -> list[ShardClient]:
        """The ways to the shards."""
        return self.shards.clients

    def publish(self, snapshot: WeightsSnapshot) -> None:
        """Make weights the newest for all actors."""
        self._sink.publish(snapshot)

    def start_actors(self) -> None:
        """Start every task's actors."""
        self.crew_of_actors.start()

    def advance(self) -> None:
        """Do nothing: actors go on by themselves."""

    def supervise(self) -> None:
        """Replace dead actors."""
        self.crew_of_actors.supervise()

    def crew(self, task: str) -> Crew:
        """Return the state of a task's actors."""
        return Crew(self.crew_of_actors.at_work(task), self.crew_of_actors.restarts(task))

    def request_evaluation(self, request: EvaluationRequest) -> None:
        """Begin an evaluation."""
        self._evaluator.request(request)

    def finished_evaluation(self) -> EvaluationResult | None:
        """Return the evaluation under way once it is finished."""
        return self._evaluator.finished()

    def stop_actors(self) -> list[ActorReport]:
        """Let actors finish what they have sent, then end them; return what those that could report."""
        self.crew_of_actors.stop(self.shards.release)
        return self.crew_of_actors.reports

    def revive(self, shard: int, reason: str) -> bool:
        """Replace a shard; return whether the successor is up."""
        return self.shards.revive(shard, reason)

    def shard_restarts(self, shard: int) -> int:
        """Return how often a shard was replaced."""
        return self.shards.restarts(shard)

    def save_replay(self) -> bool:
        """Let every shard save itself; return False if it still does so since the last time."""
        return self.shards.save()

    def finish_save(self, timeout_seconds: float) -> bool:
        """Wait at most so long until every shard has saved itself; return whether it has."""
        return self.shards.finish_save(timeout_seconds)
