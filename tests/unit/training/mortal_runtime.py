"""The in-process runtime with shards that can be killed between two calls, as processes can."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from replay.client import LocalShardClient, Reply, ShardUnavailableError
from replay.messages import Pace
from training.local.actors import LocalActors, LocalFleet
from training.local.runtime import LocalRuntime
from training.local.shards import LocalShards
from training.parts.parts import Parts
from training.runtime import ShardState


class Missing:
    """An answer that nobody will give."""

    def wait(self, timeout_seconds: float) -> bool:  # noqa: ARG002 - there is nothing to wait for
        """Return True: that it fails is known at once."""
        return True

    def result(self) -> Any:
        """Raise."""
        raise ShardUnavailableError("the shard was killed")


class Held:
    """How a task stands, told as `ShardHost` tells it: once there is news, or an insert is held back."""

    def __init__(self, client: "MortalClient", task: str, inserted_beyond: int) -> None:
        self._client = client
        self._shard = client._shard
        self._task = task
        self._beyond = inserted_beyond
        self._throttled = client._shard.tables[task].stats().throttled

    def wait(self, timeout_seconds: float) -> bool:  # noqa: ARG002 - nothing happens meanwhile
        """Return whether there is news."""
        stats = self._shard.tables[self._task].stats()
        return self._gone or stats.inserted > self._beyond or stats.throttled > self._throttled

    def result(self) -> Any:
        """Return how it stands."""
        return Missing().result() if self._gone else self._shard.tables[self._task].progress()

    @property
    def _gone(self) -> bool:
        return self._client.dead or self._client._shard is not self._shard


class MortalClient(LocalShardClient):
    """A shard in this process that answers nothing while it is dead, and holds questions for news."""

    dead = False

    def insert(self, data: bytes) -> Reply[Any]:
        """Insert, if it lives."""
        return Missing() if self.dead else super().insert(data)

    def sample(self, task: str, size: int, pace: Pace) -> Reply[Any]:
        """Sample, if it lives."""
        return Missing() if self.dead else super().sample(task, size, pace)

    def watch(self, task: str, inserted_beyond: int, pace: Pace) -> Reply[Any]:
        """Answer once there is news, if it lives."""
        if self.dead:
            return Missing()
        self._shard.follow(task, pace)
        return Held(self, task, inserted_beyond)

    def update_priorities(self, task: str, keys: NDArray[np.int64], priorities: NDArray[np.float32]) -> bool:
        """Update, if it lives."""
        return not self.dead and super().update_priorities(task, keys, priorities)

    def stats(self) -> Reply[Any]:
        """Read, if it lives."""
        return Missing() if self.dead else super().stats()


class MortalShards(LocalShards):
    """Shards that end by `kill` or say nothing after `fall_silent`, until they were looked at `delay` times.

    Those that were killed come back empty, those that were silent with all that they held.
    """

    def __init__(self, parts: Parts, delay: int) -> None:
        super().__init__(parts)
        self._delay = delay
        self._mortals = [MortalClient(shard) for shard in self.all]
        self.clients = list(self._mortals)
        self._lives = [0] * len(self.all)
        self._asked = [0] * len(self.all)
        self._silent: set[int] = set()

    def kill(self, shard: int) -> None:
        """Let a shard answer nothing from now on."""
        self._mortals[shard].dead = True

    def fall_silent(self, shard: int) -> None:
        """Let a shard answer nothing for a while, and keep all that it holds."""
        self._mortals[shard].dead = True
        self._silent.add(shard)

    def revive(self, shard: int, reason: str) -> ShardState:
        """After a while let a silent one answer again, or put an empty successor in a dead one's place."""
        self._asked[shard] += 1
        silent = shard in self._silent
        if self._asked[shard] % self._delay:
            return ShardState("silent" if silent else "gone", reason)
        self._mortals[shard].dead = False
        if silent:
            self._silent.remove(shard)
            return ShardState("returned")
        self._lives[shard] += 1
        self.all[shard] = self._replay.shard(shard, self._lives[shard])
        self._mortals[shard]._shard = self.all[shard]
        return ShardState("replaced")


class MortalRuntime(LocalRuntime):
    """The in-process runtime over such shards."""

    shards: MortalShards
    shards_type: ClassVar[type[MortalShards]] = MortalShards

    def __init__(self, parts: Parts, delay: int = 3) -> None:
        super().__init__(parts)
        self.shards = self.shards_type(parts, delay)
        self.actors = LocalActors(parts, self.shards.clients, self.weights)
        self.fleet = LocalFleet(parts, self.actors)


def mortals_of(runtime: LocalRuntime) -> MortalShards:
    """Return the shards of a runtime, which can be killed."""
    assert isinstance(runtime, MortalRuntime)
    return runtime.shards
