"""A shard as a Ray actor: the waiting that the shard itself never does."""

import asyncio
import contextlib
import os
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from replay.messages import (
    InsertAnswer,
    Pace,
    Refused,
    SampleAnswer,
    ShardStats,
    TableProgress,
    Throttled,
)
from replay.restoring import SnapshotError
from training.parts.parts import Parts

HOLD_SECONDS = 5.0
HELD_BLOCKS_PER_ACTOR = 2
HELD_BLOCKS = 512
ORPHAN_SECONDS = 900.0
ORPHAN_LOOK_SECONDS = 10.0

Answer = TypeVar("Answer")


class ShardHost:
    """Serves a shard from one asyncio thread, and waits where the shard itself never does.

    An insert that is throttled is held until it may go in, and a `watch` until there is news. After
    `HOLD_SECONDS` the answer is sent as it is. Only a few blocks of each actor are held: an actor that does
    not wait for its acknowledgements is told at once that it is throttled.

    Args:
        parts: of the run.
        index: which of its shards this is.
        life: counts the shard's lives within the run's. In the first one a snapshot that cannot be used is an
            error; a later one then begins empty.
    """

    def __init__(self, parts: Parts, index: int, life: int) -> None:
        parts.replay.warm_up()
        self._shard = parts.replay.shard(index, life)
        self._unusable: SnapshotError | None = None
        try:
            parts.replay.restore(self._shard, index)
        except SnapshotError as error:
            self._unusable = error if life == 0 else None
            self._shard = parts.replay.shard(index, life)
        self._writer = parts.replay.snapshot_writer(index)
        self._saving = asyncio.Lock()
        self._changed = {task: asyncio.Event() for task in self._shard.tables}
        self._held_of_actor: Counter[str] = Counter()
        self._held_of_task: Counter[str] = Counter()
        self._released = False
        self._fingerprint = parts.fingerprint
        self._asked = time.monotonic()
        threading.Thread(target=self._end_when_orphaned, daemon=True).start()

    async def fingerprint(self) -> str:
        """Return the fingerprint of what the shard keeps."""
        return self._fingerprint

    async def insert(self, data: bytes) -> InsertAnswer:
        """Insert an encoded block."""
        block = self._shard.receive(data)
        if isinstance(block, Refused):
            return block
        answer: InsertAnswer = self._shard.admit(block)
        if isinstance(answer, Throttled) and self._may_hold(block.actor):
            self._held_of_actor[block.actor] += 1
            self._held_of_task[block.task] += 1
            self._announce(block.task)
            answer = await self._held(
                block.task, lambda: self._shard.admit(block), lambda answer: not isinstance(answer, Throttled)
            )
            self._held_of_task[block.task] -= 1
            self._held_of_actor[block.actor] -= 1
        if not isinstance(answer, Throttled):
            self._announce(block.task)
        return answer

    async def sample(self, task: str, size: int, pace: Pace) -> SampleAnswer:
        """Draw transitions of a task."""
        answer = self._shard.sample(task, size, pace)
        self._announce(task)
        return answer

    async def watch(self, task: str, inserted_beyond: int, pace: Pace) -> TableProgress:
        """Return how a task stands, once enough was inserted or an insert is held back."""
        self._shard.follow(task, pace)
        self._announce(task)
        # Inserts that arrived with this question go first: they may be the news. Inserts that were held and
        # are just woken need further turns of the event loop: the next question hears of them.
        await asyncio.sleep(0)
        return await self._held(
            task,
            lambda: self._shard.follow(task, pace),
            lambda progress: progress.inserted > inserted_beyond or self._held_of_task[task] > 0,
        )

    async def update_priorities(
        self, task: str, keys: NDArray[np.int64], priorities: NDArray[np.float32]
    ) -> None:
        """Set priorities by key."""
        self._shard.update_priorities(task, keys, priorities)

    async def up(self) -> None:
        """Return once the shard is up.

        Raises:
            SnapshotError: its snapshot cannot be used, in its first life. It is raised here, since an error
                of the constructor would reach callers only as text.
        """
        if self._unusable is not None:
            raise self._unusable

    async def stats(self) -> ShardStats:
        """Return the counters. Learners ask for them often, and nobody else does."""
        self._asked = time.monotonic()
        return self._shard.stats()

    async def save(self) -> None:
        """Save the shard where its snapshots go, and serve meanwhile."""
        if self._writer is None:
            return
        async with self._saving:
            for piece in self._writer.pieces(self._shard.tables):
                await asyncio.to_thread(self._writer.write, piece)
            await asyncio.to_thread(self._writer.commit)

    async def release(self) -> None:
        """Hold nothing back from now on: the run ends, and whoever waits gets an answer."""
        self._released = True
        for task in list(self._changed):
            self._announce(task)

    def _end_when_orphaned(self) -> None:
        """End this process once no learner has asked for anything for long: nobody else ends it."""
        while time.monotonic() - self._asked < ORPHAN_SECONDS:
            time.sleep(ORPHAN_LOOK_SECONDS)
        os._exit(1)

    def _may_hold(self, actor: str) -> bool:
        held = self._held_of_actor
        return held[actor] < HELD_BLOCKS_PER_ACTOR and held.total() < HELD_BLOCKS

    async def _held(self, task: str, ask: Callable[[], Answer], enough: Callable[[Answer], bool]) -> Answer:
        deadline = time.monotonic() + HOLD_SECONDS
        answer = ask()
        while not enough(answer) and not self._released and (left := deadline - time.monotonic()) > 0:
            await _at_most(left, self._changed.setdefault(task, asyncio.Event()).wait())
            answer = ask()
        return answer

    def _announce(self, task: str) -> None:
        """Wake everyone who waits for a change of this task."""
        event = self._changed.pop(task, None)
        if event is not None:
            event.set()


async def _at_most(seconds: float, waiting: Awaitable[Any]) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(waiting, seconds)
