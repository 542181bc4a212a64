"""What shards answer.

Shape letters: B items of a batch.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


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
class NotReady:
    """There is not enough to sample from yet, or the rate limiter holds samples back."""


@dataclass(frozen=True)
class Sampled:
    """Transitions of one task.

    Attributes:
        observations: (B, *observation_shape).
        actions: (B,) int64.
        rewards_n: (B,) float32, n-step returns.
        discounts_n: (B,) float32, what the bootstrap value is multiplied by; 0 behind a terminated step.
        next_observations: (B, *observation_shape), to bootstrap from.
        probabilities: (B,) float64, of drawing the item within its task.
        keys: (B,) int64, for priority updates.
        weights_versions: (B,) int32, of the weights that acted.
        num_items: items in the task's table.
    """

    observations: NDArray[Any]
    actions: NDArray[np.int64]
    rewards_n: NDArray[np.float32]
    discounts_n: NDArray[np.float32]
    next_observations: NDArray[Any]
    probabilities: NDArray[np.float64]
    keys: NDArray[np.int64]
    weights_versions: NDArray[np.int32]
    num_items: int


@dataclass(frozen=True)
class TableStats:
    """Plain counters of one table, over its lifetime unless said otherwise.

    Attributes:
        items: transitions that can be drawn now.
        inserted: transitions put in.
        evicted: transitions overwritten by newer ones.
        sampled: transitions drawn.
        throttled: times that an insert was held back.
        dropped: transitions that arrived and were not put in, by reason: `duplicate` of a block that is in,
            `superseded` by a later life of the same actor.
        stale_updates: priority updates whose item had been evicted.
        episodes: finished episodes reported by actors.
        recent_return: mean undiscounted return of the last 100 episodes; None before the first.
    """

    items: int
    inserted: int
    evicted: int
    sampled: int
    throttled: int
    dropped: dict[str, int]
    stale_updates: int
    episodes: int
    recent_return: float | None


@dataclass(frozen=True)
class ShardStats:
    """Plain counters of one shard.

    Attributes:
        tables: counters of each task's table.
        refused_blocks: messages that could not be decoded or did not fit their table.
        memory_bytes: memory of all tables.
    """

    tables: dict[str, TableStats]
    refused_blocks: int
    memory_bytes: int


InsertAnswer = Inserted | Throttled | Refused
SampleAnswer = Sampled | NotReady
