"""The protocol through which actors and the learner reach a shard, and its in-process form."""

from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from replay.messages import InsertAnswer, Pace, SampleAnswer, ShardStats, TableProgress
from replay.shard import Shard

T_co = TypeVar("T_co", covariant=True)


class ShardUnavailableError(RuntimeError):
    """A shard died or did not answer within its deadline; the message says which, and to what."""


class Reply(Protocol[T_co]):
    """An answer that may still be on its way."""

    def wait(self, timeout_seconds: float) -> bool:
        """Wait at most so long; return whether the answer is there."""

    def result(self) -> T_co:
        """Return the answer.

        Raises:
            ShardUnavailableError: the shard died, or its deadline ran out.
        """


class ShardClient(Protocol):
    """One shard, near or far. No call blocks: each answers with a `Reply`.

    reply = client.insert(encode_block(block))
    if reply.wait(1.0):
        match reply.result():
            case Inserted(items, version): ...
            case Throttled(): ...           # send the same block again

    Whoever samples keeps the rate over all shards and tells each, by a `Pace`, how far it may go on:
    `replay.router`.
    """

    def insert(self, data: bytes) -> Reply[InsertAnswer]:
        """Send an encoded block."""

    def sample(self, task: str, size: int, pace: Pace) -> Reply[SampleAnswer]:
        """Ask for `size` items of a task."""

    def watch(self, task: str, inserted_beyond: int, pace: Pace) -> Reply[TableProgress]:
        """Ask how a task stands, once more than `inserted_beyond` transitions were inserted or time is up."""

    def update_priorities(self, task: str, keys: NDArray[np.int64], priorities: NDArray[np.float32]) -> bool:
        """Send new priorities; nobody waits for them. Return whether they could be sent."""

    def stats(self) -> Reply[ShardStats]:
        """Ask for the counters."""


class Answered(Reply[T_co]):
    """An answer that is there already."""

    def __init__(self, answer: T_co) -> None:
        self._answer = answer

    def wait(self, timeout_seconds: float) -> bool:  # noqa: ARG002 - there is nothing to wait for
        """Return True."""
        return True

    def result(self) -> T_co:
        """Return the answer."""
        return self._answer


class LocalShardClient:
    """A shard in this process."""

    def __init__(self, shard: Shard) -> None:
        self._shard = shard

    def insert(self, data: bytes) -> Reply[InsertAnswer]:
        """Insert now."""
        return Answered(self._shard.insert(data))

    def sample(self, task: str, size: int, pace: Pace) -> Reply[SampleAnswer]:
        """Sample now."""
        return Answered(self._shard.sample(task, size, pace))

    def watch(self, task: str, inserted_beyond: int, pace: Pace) -> Reply[TableProgress]:  # noqa: ARG002
        """Answer now: in one thread nothing could change while somebody waits."""
        return Answered(self._shard.follow(task, pace))

    def update_priorities(self, task: str, keys: NDArray[np.int64], priorities: NDArray[np.float32]) -> bool:
        """Update now."""
        self._shard.update_priorities(task, keys, priorities)
        return True

    def stats(self) -> Reply[ShardStats]:
        """Read now."""
        return Answered(self._shard.stats())
