"""Actors in the learner's process: they take turns."""

from actors.actor import Actor, ActorReport
from config.errors import ConfigError
from network.weights import WeightsSnapshot
from replay.client import ShardClient
from tasks.errors import EnvironmentFailureError
from training.errors import TrainingFailedError
from training.fleet import ClusterStatus, Crew
from training.parts.parts import Parts

SITTING_OUT = 4
"""Turns that an actor leaves out when replay holds it back: asking again decodes a block, mostly in vain."""


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
        """Forget the actors."""
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
