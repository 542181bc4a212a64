"""The Ray runtime: shards, actors and an evaluator in processes of their own; the learner is the driver."""

from contextlib import ExitStack
from types import TracebackType

from actors.actor import ActorReport
from cluster.ray.connection import cluster
from cluster.ray.crew import ActorCrew
from cluster.ray.evaluator import RayEvaluator
from cluster.ray.forwarded import FILE
from cluster.ray.shard_fleet import ShardCrew
from cluster.ray.weights import RayWeightsSink, put_up_board
from network.weights import WeightsSnapshot
from replay.client import ShardClient
from training.errors import TrainingFailedError
from training.evaluation.judge import EvaluationRequest, EvaluationResult
from training.fleet import TASK_SLOT, Crew, Node
from training.parts.parts import Parts
from training.runtime import ShardState


class RayRuntime:
    """Real processes, on a cluster of this machine's own or on one by address.

        with RayRuntime(parts, address=None, run="main") as runtime:
            runtime.publish(snapshot)
            runtime.start_actors()

    On a cluster by address shards and actors outlive a learner that dies: the next one of the same `run`
    takes them over. Only one that leaves in order ends them.
    """

    def __init__(self, parts: Parts, address: str | None, run: str = "run") -> None:
        self._parts = parts
        self._address = address
        self._run = run
        self._cleanup = ExitStack()

    def __enter__(self) -> "RayRuntime":
        needed = {"replay": self._parts.replay.num_shards, "evaluator": 1}
        tasks = self._parts.config.tasks.items()
        for_actors = {f"{TASK_SLOT}{name}": task.actors_here for name, task in tasks}
        saved = self._parts.replay.directory
        forwarded = None if saved is None else saved.parent / FILE
        if self._address is None:
            there = cluster(None, needed | for_actors, forwarded=forwarded)
        else:
            there = cluster(self._address, needed, self._run, for_actors, forwarded)
        self._cleanup.enter_context(there)
        try:
            self._bring_up()
        except BaseException:
            self._cleanup.close()
            raise
        return self

    def _bring_up(self) -> None:
        self._sink = RayWeightsSink(put_up_board(self._run))
        self.crew_of_actors = ActorCrew(
            self._parts, {name: task.actors for name, task in self._parts.config.tasks.items()}
        )
        self._cleanup.callback(self.crew_of_actors.kill)
        self.shards = ShardCrew(self._parts)
        self._cleanup.callback(self.shards.kill)
        self._evaluator = RayEvaluator(self._parts)
        self._cleanup.callback(self._evaluator.close)
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
        """Start every task's actors, as slots for them come and go."""
        self.crew_of_actors.start()

    def advance(self) -> None:
        """Do nothing: actors go on by themselves."""

    def supervise(self) -> None:
        """Say so if no actor of some task can go on.

        Raises:
            TrainingFailedError: all of them died again and again.
        """
        if self.crew_of_actors.failure is not None:
            raise TrainingFailedError(self.crew_of_actors.failure)

    def crew(self, task: str) -> Crew:
        """Return the state of a task's actors."""
        return self.crew_of_actors.crews[task]

    def nodes(self) -> list[Node]:
        """Return the nodes of the cluster."""
        return self.crew_of_actors.nodes

    def node_deaths(self) -> int:
        """Return how many nodes died."""
        return self.crew_of_actors.node_deaths

    def scale(self, task: str, count: int | None) -> None:
        """Want so many actors of a task; None for one in every slot."""
        self.crew_of_actors.scale(task, count)

    def request_evaluation(self, request: EvaluationRequest) -> None:
        """Begin an evaluation."""
        self._evaluator.request(request)

    def finished_evaluation(self) -> EvaluationResult | None:
        """Return the evaluation under way once it is finished.

        Raises:
            EvaluationFailedError: it will not be.
        """
        return self._evaluator.finished()

    def halt(self) -> None:
        """Do nothing: nothing but the learner works in its process."""

    def stop_actors(self) -> list[ActorReport]:
        """Let actors finish what they have sent, then end them; return what those that could report."""
        self.crew_of_actors.stop(self.shards.release)
        return self.crew_of_actors.reports

    def revive(self, shard: int, reason: str) -> ShardState:
        """Look after a shard that does not answer; return how it stands."""
        return self.shards.revive(shard, reason, self.crew_of_actors.nodes)

    def shard_trouble(self, shard: int) -> str | None:
        """Return what is waited for while a shard does not answer."""
        return self.shards.trouble(shard)

    def shard_restarts(self, shard: int) -> int:
        """Return how often a shard was replaced."""
        return self.shards.restarts(shard)

    def save_replay(self) -> bool:
        """Let every shard save itself; return False if it still does so since the last time."""
        return self.shards.save()

    def finish_save(self, timeout_seconds: float) -> bool:
        """Wait at most so long until every shard has saved itself; return whether it has."""
        return self.shards.finish_save(timeout_seconds)
