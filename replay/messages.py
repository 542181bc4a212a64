"""What is asked of shards, and what they answer.

Shape letter: B items.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from replay.row import Columns

RECENT_EPISODES = 100
"""Newest episodes of a table that its recent return and length are means of."""


@dataclass(frozen=True)
class Pace:
    """What a shard is told of a task whenever it is asked for something.

    Attributes:
        weights_version: newest version that the learner has published.
        insert_until: how many transitions of the task this shard may have taken in, over its lifetime.
    """

    weights_version: int
    insert_until: int


@dataclass(frozen=True)
class Inserted:
    """A block is in (or was already: a repeated sequence number inserts nothing).

    Attributes:
        items: transitions that it added.
        weights_version: newest version that the shard has heard of.
    """

    items: int
    weights_version: int


@dataclass(frozen=True)
class Throttled:
    """The rate limiter holds inserts back: send the same block again later."""


@dataclass(frozen=True)
class Refused:
    """A block that can never be inserted; `reason` is one sentence."""

    reason: str


@dataclass(frozen=True)
class TableProgress:
    """How one task stands on one shard.

    Attributes:
        inserted: transitions put in, over the shard's lifetime.
        items: transitions that can be drawn.
        mass: what they weigh beside those on other shards.
    """

    inserted: int
    items: int
    mass: float


@dataclass(frozen=True)
class NotReady:
    """There is nothing to sample from on this shard."""

    progress: TableProgress


@dataclass(frozen=True)
class Sampled:
    """Transitions of one task from one shard.

    Attributes:
        columns: (B, ...) each, what was cut out of rows.
        probabilities: (B,) float64, of drawing the item among the task's items on this shard.
        keys: (B,) int64, for priority updates.
        progress: of the table that they were drawn from.
    """

    columns: Columns
    probabilities: NDArray[np.float64]
    keys: NDArray[np.int64]
    progress: TableProgress


@dataclass(frozen=True)
class TableStats:
    """Plain counters of one table, over its lifetime unless said otherwise.

    arrived = inserted + dropped, and inserted + restored = items + evicted.

    Attributes:
        items: transitions that can be drawn now.
        mass: what they weigh beside those on other shards.
        arrived: transitions of blocks about which was decided.
        inserted: transitions put in.
        restored: transitions brought back from a snapshot.
        evicted: transitions overwritten by newer ones.
        sampled: transitions drawn.
        throttled: times that an insert was held back.
        dropped: transitions that arrived and were not put in, by reason: `duplicate` of a block that is in,
            `superseded` by a later life of the same actor.
        stale_updates: priority updates whose item had been evicted.
        invalid_updates: priority updates that were negative or not finite.
        episodes: finished episodes reported by actors.
        recent_return: mean undiscounted return of the last `RECENT_EPISODES`; None before the first.
        recent_length: mean length of the same episodes in env steps; None before the first.
        acting_version: weights version that acted in the last block put in; None before the first.
    """

    items: int
    mass: float
    arrived: int
    inserted: int
    restored: int
    evicted: int
    sampled: int
    throttled: int
    dropped: dict[str, int]
    stale_updates: int
    invalid_updates: int
    episodes: int
    recent_return: float | None
    recent_length: float | None
    acting_version: int | None


@dataclass(frozen=True)
class ShardStats:
    """Plain counters of one shard.

    Attributes:
        life: number of the life that these counters are of; a later life has a higher number.
        tables: counters of each task's table.
        refused_blocks: messages that could not be decoded or did not fit their table, by reason.
        memory_bytes: memory of all tables.
        weights_version: newest weights version that the shard has heard of.
        items_by_life: transitions that each life of an actor (name, life) brought.
    """

    life: int
    tables: dict[str, TableStats]
    refused_blocks: int
    memory_bytes: int
    weights_version: int
    items_by_life: dict[tuple[str, int], int]


InsertAnswer = Inserted | Throttled | Refused
SampleAnswer = Sampled | NotReady
