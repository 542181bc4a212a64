"""Shards in this process whose answers are late, or never come, as those of shards in others may be."""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from replay.client import LocalShardClient, Reply, ShardUnavailableError
from replay.messages import Pace, SampleAnswer, TableProgress
from replay.n_step import ReturnSpec
from replay.selectors.proportional import Proportional
from replay.shard import Shard
from replay.table import Table
from tests.support.builders import make_block, make_table

T = TypeVar("T")


class MortalShardClient(LocalShardClient):
    """A shard that can die, time out and come back, and whose answers arrive only while `open`.

    Attributes:
        open: whether anything arrives, be it an answer or the news that there will be none.
        unreachable: whether whatever is looked at now has run out of time.
        asked: every question, as (method, task).
        updated: keys of the priority updates it got.
    """

    def __init__(self, shard: Shard) -> None:
        super().__init__(shard)
        self.open = True
        self.unreachable = False
        self.asked: list[tuple[str, str]] = []
        self.updated: list[int] = []
        self.dead = False
        self.life = 0

    def die(self) -> None:
        """End this life: nothing that was asked in it is answered, nor is anything asked from now on."""
        self.dead = True
        self.life += 1

    def come_back(self, shard: Shard) -> None:
        """Begin a new life with another shard."""
        self.dead = self.unreachable = False
        self._shard = shard

    def sample(self, task: str, size: int, pace: Pace) -> Reply[SampleAnswer]:
        """Ask the shard now, answer when it is open."""
        self.asked.append(("sample", task))
        return MortalReply(self, lambda: self._shard.sample(task, size, pace))

    def watch(self, task: str, inserted_beyond: int, pace: Pace) -> Reply[TableProgress]:  # noqa: ARG002
        """Ask the shard now, answer when it is open."""
        self.asked.append(("watch", task))
        return MortalReply(self, lambda: self._shard.follow(task, pace))

    def update_priorities(self, task: str, keys: NDArray[np.int64], priorities: NDArray[np.float32]) -> bool:
        """Update now."""
        self.updated += keys.tolist()
        return super().update_priorities(task, keys, priorities)


class MortalReply(Reply[T]):
    """An answer that the client's fate may keep from arriving."""

    def __init__(self, client: MortalShardClient, ask: Callable[[], T]) -> None:
        self._client = client
        self._number = len(client.asked)
        self._life = -1 if client.dead else client.life
        self._answer: Any = None if client.dead else ask()

    def wait(self, timeout_seconds: float) -> bool:  # noqa: ARG002 - it is decided elsewhere
        """Return whether anything arrives."""
        return self._client.open

    def result(self) -> T:
        """Return the answer, if the life in which it was asked for goes on."""
        if self._client.unreachable or self._life != self._client.life:
            raise ShardUnavailableError(f"no answer to question {self._number}")
        answer: T = self._answer
        return answer


class NotedReply(Reply[T]):
    """An answer that tells `note` of every wait for it, in seconds."""

    def __init__(self, reply: Reply[T], note: Callable[[float], None]) -> None:
        self._reply = reply
        self._note = note

    def wait(self, timeout_seconds: float) -> bool:
        """Tell, and wait."""
        self._note(timeout_seconds)
        return self._reply.wait(timeout_seconds)

    def result(self) -> T:
        """Return the answer."""
        return self._reply.result()


def make_numbered_table(
    items: dict[int, float],
    exponent: float = 1.0,
    smallest_priority: float = 0.0,
    num_rows: int = 200,
    first_key: int = 0,
    seed: int = 0,
) -> Table:
    """Return a table of items that are known by number: their action, frame and reward.

    Args:
        items: priority of each number.
        exponent: of the priorities.
        smallest_priority: what is added to each.
        num_rows: of the table.
        first_key: of its rows.
        seed: of its draws.
    """
    table = make_table(
        num_rows=num_rows,
        frame_shape=(),
        selector=Proportional(num_rows, exponent, smallest_priority),
        returns=ReturnSpec(n_step=1, discount=0.9),
        first_key=first_key,
        seed=seed,
    )
    insert_numbered(table, items)
    return table


def insert_numbered(table: Table, items: dict[int, float]) -> None:
    """Insert more of such items, as one fragment."""
    if items:
        numbers = np.array([[*items, 0]])
        block = make_block(
            streams=1,
            starts=len(items),
            overlap=1,
            frames=numbers.astype(np.float32),
            actions=numbers.astype(np.int32),
            rewards=numbers.astype(np.float32),
            priorities=np.array([list(items.values())], np.float32),
        )
        table.insert(block, 0)
