"""Actors that gather in this process for a shard that holds nothing back."""

from collections.abc import Mapping

from actors.actor import Actor
from network.weights import WeightsSnapshot
from replay.client import LocalShardClient
from replay.messages import Pace, Sampled, TableStats
from replay.rate_limiter import NO_LIMIT
from training.parts.parts import Parts


class Gathering:
    """The first shard of a run, an actor for each of its tasks, and the weights that they follow.

    gathering = Gathering(parts)
    WeightsPublisher(learner, gathering).publish()
    gathering.advance(blocks=10)
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._client = LocalShardClient(parts.replay.shard(0))
        self._newest: WeightsSnapshot | None = None
        self._actors: list[Actor] = []

    def publish(self, snapshot: WeightsSnapshot) -> None:
        """Make weights the newest, of which the shard tells the actors."""
        self._newest = snapshot
        for task in self._parts.config.tasks:
            self._client.watch(task, -1, Pace(snapshot.version, NO_LIMIT)).result()

    def latest(self, newer_than: int) -> WeightsSnapshot | None:
        """Return the newest weights if they are newer."""
        return self._newest if self._newest is not None and self._newest.version > newer_than else None

    def advance(self, blocks: int) -> None:
        """Let every actor send so many blocks."""
        if not self._actors:
            self._actors = [
                self._parts.actor(spec, 0, 0, 1, self._client, self) for spec in self._parts.specs
            ]
        for actor in self._actors * blocks:
            assert actor.advance(timeout_seconds=0.0)

    def sample(self, task: str, size: int) -> Sampled:
        """Return items of a task."""
        answer = self._client.sample(task, size, Pace(0, NO_LIMIT)).result()
        assert isinstance(answer, Sampled)
        return answer

    def tables(self) -> Mapping[str, TableStats]:
        """Return how each task's table stands."""
        return self._client.stats().result().tables
