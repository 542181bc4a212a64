"""A shard: tables of many tasks behind one door."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from replay.fragment import FragmentBlock
from replay.messages import (
    InsertAnswer,
    Inserted,
    Pace,
    Refused,
    SampleAnswer,
    ShardStats,
    TableProgress,
    Throttled,
)
from replay.sequences import SequenceBook
from replay.table import Table
from replay.wire import WireError, decode_block


class Shard:
    """Answers inserts and samples at once; whoever holds it does the waiting.

    shard = Shard({"cartpole": table})
    shard.insert(encode_block(block))                             # Inserted | Throttled | Refused
    shard.sample("cartpole", 512, Pace(weights_version=0, insert_until=10_000))      # Sampled | NotReady
    """

    def __init__(self, tables: Mapping[str, Table], life: int = 0) -> None:
        self.tables = dict(tables)
        self._life = life
        self._sequences = SequenceBook()
        self._refused_blocks = 0
        self._weights_version = 0

    def insert(self, data: bytes) -> InsertAnswer:
        """Decode a block and put it into its task's table: `receive`, then `admit`."""
        block = self.receive(data)
        return block if isinstance(block, Refused) else self.admit(block)

    def receive(self, data: bytes) -> FragmentBlock | Refused:
        """Decode a block and check it against its task's table."""
        try:
            block = decode_block(data)
        except WireError as error:
            return self.refuse(str(error))
        table = self.tables.get(block.task)
        if table is None:
            return self.refuse(f"no table for task {block.task!r}; this shard has {sorted(self.tables)}")
        problem = table.problem_with(block)
        return block if problem is None else self.refuse(problem)

    def refuse(self, reason: str) -> Refused:
        """Count a message that is refused."""
        self._refused_blocks += 1
        return Refused(reason)

    def admit(self, block: FragmentBlock) -> Inserted | Throttled:
        """Put a received block into its table.

        A repeated block inserts nothing and is acknowledged again, so senders may retry.
        """
        table = self.tables[block.task]
        verdict = self._sequences.verdict(block.actor, block.life, block.sequence)
        if verdict is not None:
            table.drop(block, verdict)
            return Inserted(0, self._weights_version)
        answer = table.insert(block, self._weights_version)
        if isinstance(answer, Inserted):
            self._sequences.record(block.actor, block.life, block.sequence, answer.items)
        return answer

    def sample(self, task: str, size: int, pace: Pace) -> SampleAnswer:
        """Draw `size` items of a task."""
        self.follow(task, pace)
        return self.tables[task].sample(size)

    def follow(self, task: str, pace: Pace) -> TableProgress:
        """Take over a newer pace; return how the task stands."""
        self._weights_version = max(self._weights_version, pace.weights_version)
        self.tables[task].follow(pace.insert_until)
        return self.tables[task].progress()

    def update_priorities(self, task: str, keys: NDArray[np.int64], priorities: NDArray[np.float32]) -> None:
        """Set priorities of a task's items by key."""
        self.tables[task].update_priorities(keys, priorities)

    def stats(self) -> ShardStats:
        """Return a copy of all counters."""
        return ShardStats(
            life=self._life,
            tables={task: table.stats() for task, table in self.tables.items()},
            refused_blocks=self._refused_blocks,
            memory_bytes=sum(table.nbytes for table in self.tables.values()),
            weights_version=self._weights_version,
            items_by_life=self._sequences.items_by_life(),
        )

    def problem(self) -> str | None:
        """Return what is wrong with any table, or None."""
        return next((problem for table in self.tables.values() if (problem := table.problem())), None)
