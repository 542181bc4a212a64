"""A table: the replay of one task on one shard, composed of rows, a selector and a rate limiter."""

from collections import Counter, deque

import numpy as np
from numpy.typing import NDArray

from replay.fragment import FragmentBlock, TableShape
from replay.messages import Inserted, NotReady, SampleAnswer, Sampled, TableStats, Throttled
from replay.n_step import ReturnSpec, cut_n_step
from replay.rate_limiter import RateLimiter
from replay.rows import RowRing
from replay.selector import Selector


class Table:
    """Items of one task.

    Objects of this class decide and never wait: an insert that the limiter holds back is `Throttled`, a
    sample that it holds back is `NotReady`.
    """

    def __init__(
        self,
        shape: TableShape,
        rows: RowRing,
        selector: Selector,
        limiter: RateLimiter,
        returns: ReturnSpec,
        rng: np.random.Generator,
    ) -> None:
        if returns.n_step > shape.overlap:
            raise ValueError(f"n_step is {returns.n_step}, but blocks overlap by {shape.overlap} rows only")
        self._shape = shape
        self._rows = rows
        self._selector = selector
        self._limiter = limiter
        self._returns = returns
        self._rng = rng
        self._items = 0
        self._evicted = 0
        self._throttled = 0
        self._stale_updates = 0
        self._dropped: Counter[str] = Counter()
        self._episodes = 0
        self._recent_returns: deque[float] = deque(maxlen=100)

    @property
    def nbytes(self) -> int:
        """Memory in bytes."""
        return self._rows.nbytes + self._selector.nbytes

    def problem_with(self, block: FragmentBlock) -> str | None:
        """Return why the block can never go into this table, in one sentence, or None."""
        problem = block.problem(self._shape)
        if problem is None and block.actions.size > self._rows.num_rows:
            problem = f"block of {block.actions.size} rows is larger than its table of {self._rows.num_rows}"
        return problem

    def insert(self, block: FragmentBlock, weights_version: int) -> Inserted | Throttled:
        """Copy a block in, or say that the limiter holds it back."""
        if not self._limiter.may_insert(int(block.starts().sum())):
            self._throttled += 1
            return Throttled()
        slots, items, evicted = self._rows.append(block)
        priorities = np.zeros(block.actions.shape, np.float32)
        priorities[:, : block.num_starts] = block.priorities
        self._selector.remove(slots[~items])
        self._selector.insert(slots[items], priorities.reshape(-1)[items])
        inserted = int(items.sum())
        self._limiter.inserted(inserted)
        self._items += inserted - evicted
        self._evicted += evicted
        self._episodes += len(block.episode_returns)
        self._recent_returns.extend(block.episode_returns.tolist())
        return Inserted(inserted, weights_version)

    def drop(self, block: FragmentBlock, reason: str) -> None:
        """Count the transitions of a block that is not put in."""
        self._dropped[reason] += int(block.starts().sum())

    def sample(self, size: int) -> SampleAnswer:
        """Draw `size` items with replacement, or say that it is too early."""
        if self._items == 0 or not self._limiter.may_sample(size):
            return NotReady()
        self._limiter.sampled(size)
        slots, probabilities = self._selector.sample(size, self._rng)
        rows = self._rows
        rewards_n, discounts_n, last = cut_n_step(self._returns, slots, rows.rewards, rows.flags)
        return Sampled(
            observations=rows.observations[slots],
            actions=rows.actions[slots].astype(np.int64),
            rewards_n=rewards_n,
            discounts_n=discounts_n,
            next_observations=rows.observations[last],
            probabilities=probabilities,
            keys=rows.keys[slots],
            weights_versions=rows.weights_versions[slots],
            num_items=self._items,
        )

    def update_priorities(self, keys: NDArray[np.int64], priorities: NDArray[np.float32]) -> None:
        """Set priorities of items by key; keys of evicted items touch nothing and are counted."""
        slots, alive = self._rows.slots_of(keys)
        self._selector.update(slots[alive], priorities[alive])
        self._stale_updates += int((~alive).sum())

    def stats(self) -> TableStats:
        """Return a copy of the counters."""
        recent = self._recent_returns
        return TableStats(
            items=self._items,
            inserted=self._limiter.inserts,
            evicted=self._evicted,
            sampled=self._limiter.samples,
            throttled=self._throttled,
            dropped=dict(self._dropped),
            stale_updates=self._stale_updates,
            episodes=self._episodes,
            recent_return=float(np.mean(recent)) if recent else None,
        )

    def problem(self) -> str | None:
        """Return what is wrong with the table, or None: inserted = stored + evicted, and the rows' own."""
        stored = int((self._rows.keys >= 0).sum())
        if stored != self._items or self._limiter.inserts != stored + self._evicted:
            return f"inserted {self._limiter.inserts} is not stored {stored} + evicted {self._evicted}"
        return self._rows.problem()
