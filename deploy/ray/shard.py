"""A shard as a Ray actor, and the client that reaches it."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from deploy.parts import Parts
from deploy.ray.replies import RayReply
from replay.client import Reply
from replay.messages import InsertAnswer, NotReady, Refused, SampleAnswer, ShardStats, Throttled

HOLD_SECONDS = 5.0
DEADLINE_SECONDS = 30.0

Answer = TypeVar("Answer", InsertAnswer, SampleAnswer)


class ShardHost:
    """Holds a shard in one asyncio thread and does its waiting.

    A throttled insert or an early sample is held until something changes that could let it through, for at
    most `HOLD_SECONDS`; then its answer goes out as it is.
    """

    def __init__(self, parts: Parts) -> None:
        self._shard = parts.shard()
        self._changed = {task: asyncio.Event() for task in self._shard.tables}
        self._released = False

    async def insert(self, data: bytes) -> InsertAnswer:
        """Insert an encoded block."""
        block = self._shard.receive(data)
        if isinstance(block, Refused):
            return block
        return await self._held(block.task, lambda: self._shard.admit(block), Throttled)

    async def sample(self, task: str, size: int, weights_version: int) -> SampleAnswer:
        """Draw transitions of a task."""
        return await self._held(task, lambda: self._shard.sample(task, size, weights_version), NotReady)

    async def update_priorities(
        self, task: str, keys: NDArray[np.int64], priorities: NDArray[np.float32]
    ) -> None:
        """Set priorities by key."""
        self._shard.update_priorities(task, keys, priorities)

    async def stats(self) -> ShardStats:
        """Return the counters."""
        return self._shard.stats()

    async def release(self) -> None:
        """Hold nothing back from now on: a run ends, and whoever waits should hear so."""
        self._released = True
        for task in list(self._changed):
            self._announce(task)

    async def problem(self) -> str | None:
        """Return what is wrong with the shard, or None."""
        return self._shard.problem()

    async def _held(self, task: str, ask: Callable[[], Answer], refusal: type) -> Answer:
        deadline = time.monotonic() + HOLD_SECONDS
        answer = ask()
        while (
            isinstance(answer, refusal) and not self._released and (left := deadline - time.monotonic()) > 0
        ):
            await _at_most(left, self._changed.setdefault(task, asyncio.Event()).wait())
            answer = ask()
        if not isinstance(answer, refusal):
            self._announce(task)
        return answer

    def _announce(self, task: str) -> None:
        """Wake everyone who waits for a change of this task."""
        event = self._changed.pop(task, None)
        if event is not None:
            event.set()


async def _at_most(seconds: float, waiting: Awaitable[Any]) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(waiting, seconds)


class RayShardClient:
    """A shard in another process, as `replay.client.ShardClient` describes it."""

    def __init__(self, host: Any, name: str) -> None:  # noqa: ANN401 - ray's own type
        self._host = host
        self._name = name

    def insert(self, data: bytes) -> Reply[InsertAnswer]:
        """Send an encoded block."""
        return self._reply(self._host.insert.remote(data), "an insert")

    def sample(self, task: str, size: int, weights_version: int) -> Reply[SampleAnswer]:
        """Ask for transitions of a task."""
        return self._reply(self._host.sample.remote(task, size, weights_version), f"a sample of {task}")

    def update_priorities(self, task: str, keys: NDArray[np.int64], priorities: NDArray[np.float32]) -> None:
        """Send new priorities; nobody waits for them."""
        self._host.update_priorities.remote(task, keys, priorities)

    def stats(self) -> Reply[ShardStats]:
        """Ask for the counters."""
        return self._reply(self._host.stats.remote(), "a reading of the counters")

    def _reply(self, ref: Any, what: str) -> RayReply[Any]:  # noqa: ANN401 - ray's own type
        return RayReply(ref, f"{what} by {self._name}", DEADLINE_SECONDS)
