"""The Ray runtime: shards, actors and an evaluator in processes of their own; the learner is the driver."""

from contextlib import ExitStack
from types import TracebackType

from cluster.ray.actor_crew import ActorCrew
from cluster.ray.connection import cluster
from cluster.ray.evaluator import RayEvaluator
from cluster.ray.forwarded import FILE
from cluster.ray.shard_crew import ShardCrew
from cluster.ray.weights import RayWeightsSink, put_up_board
from training.fleet import TASK_SLOT
from training.parts.parts import Parts


class RayRuntime:
    """Real processes, on a cluster of this machine's own or on one by address.

        with RayRuntime(parts, address=None, run="main") as runtime:
            runtime.weights.publish(snapshot)
            runtime.actors.start()

    On a cluster by address shards and actors outlive a learner that dies: the next one of the same `run`
    takes them over. Only one that leaves in order ends them.

    Attributes:
        weights: where the newest weights go.
        actors: the actor processes.
        shards: the shard processes.
        evaluator: the evaluator's process.
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
        self.weights = RayWeightsSink(put_up_board(self._run))
        wanted = {name: task.actors for name, task in self._parts.config.tasks.items()}
        # Actors and shards know of each other only what they need: who ends has to be let through by replay,
        # and a shard that is gone may have gone with its node.
        self.actors = ActorCrew(self._parts, wanted, release=lambda: self.shards.release())
        self._cleanup.callback(self.actors.kill)
        self.shards = ShardCrew(self._parts, nodes=lambda: self.actors.cluster.nodes)
        self._cleanup.callback(self.shards.kill)
        self.evaluator = RayEvaluator(self._parts)
        self._cleanup.callback(self.evaluator.close)
        self.shards.wait_until_up()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cleanup.close()

    @property
    def fleet(self) -> ActorCrew:
        """Who works where: it starts actors where there is room, so that it knows."""
        return self.actors

    def halt(self) -> None:
        """Do nothing: nothing but the learner works in its process."""
