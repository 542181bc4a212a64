"""The Ray runtime: a shard, actors and an evaluator in processes of their own; the learner is the driver."""

from contextlib import ExitStack
from types import TracebackType

import ray
from ray.exceptions import GetTimeoutError, RayError

from deploy.errors import ClusterError
from deploy.judge import EvaluationRequest, EvaluationResult
from deploy.parts import Parts
from deploy.ray.cluster import cluster, ray_actor
from deploy.ray.crew import ActorCrew
from deploy.ray.evaluator import RayEvaluator
from deploy.ray.shard import RayShardClient, ShardHost
from deploy.ray.weights import RayWeightsSink, WeightsBoard
from deploy.runtime import Crew
from network.weights import WeightsSnapshot

START_SECONDS = 120.0


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
        self._cleanup.enter_context(cluster(self._address, {**slots, "replay": 1, "evaluator": 1}))
        try:
            self._bring_up()
        except BaseException:
            self._cleanup.close()
            raise
        return self

    def _bring_up(self) -> None:
        self.shard = ray_actor(ShardHost, slot="replay").remote(self._parts)
        board = ray_actor(WeightsBoard).remote()
        self.client = RayShardClient(self.shard, "the replay shard")
        self._sink = RayWeightsSink(board)
        self.crew_of_actors = ActorCrew(self._parts, self.shard, board)
        self._evaluator = RayEvaluator(self._parts)
        try:
            ray.get([self.shard.stats.remote(), board.latest.remote(0)], timeout=START_SECONDS)
        except GetTimeoutError as error:
            raise ClusterError(f"the replay shard did not start within {START_SECONDS:.0f} s") from error
        except RayError as error:
            raise ClusterError(f"the replay shard did not start: {error}") from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cleanup.close()

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

    def stop_actors(self) -> None:
        """Let actors finish what they have sent, then end them."""
        self.crew_of_actors.stop()
