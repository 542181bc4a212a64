"""A table: the replay of one task on one shard, composed of rows, a selector and a cutter."""

from collections import Counter, deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from replay.cutters.interface import Cutter
from replay.fragment import FragmentBlock
from replay.messages import (
    RECENT_EPISODES,
    Inserted,
    NotReady,
    SampleAnswer,
    Sampled,
    TableProgress,
    TableStats,
    Throttled,
)
from replay.rate_limiter import NO_LIMIT
from replay.row import Columns, TableShape
from replay.rows import RowRing, marked_flags
from replay.selectors.interface import Selector


class Table:
    """Items of one task.

    Objects of this class decide and never wait: an insert beyond `insert_until` is `Throttled`, a sample of
    an empty table is `NotReady`.

    Attributes:
        shape: the blocks that it takes.
        rows: its storage.
        selector: what it draws by.
        insert_until: how many transitions may have been inserted; `follow` moves it.
    """

    def __init__(
        self,
        shape: TableShape,
        rows: RowRing,
        selector: Selector,
        cutter: Cutter,
        rng: np.random.Generator,
        insert_until: int = NO_LIMIT,
    ) -> None:
        self.shape = shape
        self.rows = rows
        self.selector = selector
        self.insert_until = insert_until
        self._cutter = cutter
        self._rng = rng
        self._counts: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()
        self._recent_returns: deque[float] = deque(maxlen=RECENT_EPISODES)
        self._recent_lengths: deque[int] = deque(maxlen=RECENT_EPISODES)
        self._acting_version: int | None = None

    @property
    def nbytes(self) -> int:
        """Memory in bytes."""
        return self.rows.nbytes + self.selector.nbytes

    @property
    def num_items(self) -> int:
        """Transitions that can be drawn."""
        counts = self._counts
        return counts["inserted"] + counts["restored"] - counts["evicted"]

    def problem_with(self, block: FragmentBlock) -> str | None:
        """Return why the block can never go into this table, in one sentence, or None."""
        problem = block.problem(self.shape)
        if problem is None and block.num_rows > self.rows.num_rows:
            problem = f"block of {block.num_rows} rows is larger than its table of {self.rows.num_rows}"
        return problem

    def follow(self, insert_until: int) -> None:
        """Let inserts go on to a later bound; an earlier one is old news."""
        self.insert_until = max(self.insert_until, insert_until)

    def insert(self, block: FragmentBlock, weights_version: int) -> Inserted | Throttled:
        """Copy a block in, or say that it is held back."""
        marked, priorities = marked_flags(block)
        count = len(priorities)
        counts = self._counts
        if counts["inserted"] + count > self.insert_until:
            counts["throttled"] += 1
            return Throttled()
        changed = self.rows.append(block, marked)
        if len(changed.cleared):
            self.selector.remove(changed.cleared)
        self.selector.insert(changed.items, priorities)
        counts["arrived"] += count
        counts["inserted"] += count
        counts["evicted"] += changed.evicted
        self._acting_version = block.weights_version
        if len(block.episode_returns):
            counts["episodes"] += len(block.episode_returns)
            self._recent_returns.extend(block.episode_returns.tolist())
            self._recent_lengths.extend(block.episode_lengths.tolist())
        return Inserted(count, weights_version)

    def drop(self, block: FragmentBlock, reason: str) -> None:
        """Count the transitions of a block that is not put in."""
        count = int(block.starts().sum())
        self._counts["arrived"] += count
        self._dropped[reason] += count

    def sample(self, size: int) -> SampleAnswer:
        """Draw `size` items with replacement, or say that there are none."""
        if self.num_items == 0:
            return NotReady(self.progress())
        self._counts["sampled"] += size
        slots, probabilities = self.selector.sample(size, self._rng)
        return Sampled(
            columns=self._cutter.cut(self.rows, slots),
            probabilities=probabilities,
            keys=self.rows.keys_of(slots),
            progress=self.progress(),
        )

    def update_priorities(self, keys: NDArray[np.int64], priorities: NDArray[np.float32]) -> None:
        """Set priorities of items by key.

        Keys of evicted items touch nothing, nor do priorities that are negative or not finite; both are
        counted.
        """
        slots, alive = self.rows.slots_of(keys)
        if not alive.all():
            self._counts["stale_updates"] += int((~alive).sum())
            slots, priorities = slots[alive], priorities[alive]
        self._counts["invalid_updates"] += self.selector.update(slots, priorities)

    def restore(self, columns: Columns, flags: NDArray[np.uint8], priorities: NDArray[np.float32]) -> None:
        """Copy rows of a snapshot in: `RowRing.append_rows`, with a priority for each item among them."""
        changed = self.rows.append_rows(columns, flags)
        self.selector.remove(changed.cleared)
        self.selector.insert(changed.items, priorities)
        self._counts["restored"] += len(changed.items)
        self._counts["evicted"] += changed.evicted

    def progress(self) -> TableProgress:
        """Return how the table stands."""
        return TableProgress(self._counts["inserted"], self.num_items, self.selector.mass)

    def stats(self) -> TableStats:
        """Return a copy of the counters."""
        counts = self._counts
        return TableStats(
            items=self.num_items,
            mass=self.selector.mass,
            arrived=counts["arrived"],
            inserted=counts["inserted"],
            restored=counts["restored"],
            evicted=counts["evicted"],
            sampled=counts["sampled"],
            throttled=counts["throttled"],
            dropped=dict(self._dropped),
            stale_updates=counts["stale_updates"],
            invalid_updates=counts["invalid_updates"],
            episodes=counts["episodes"],
            recent_return=_mean(self._recent_returns),
            recent_length=_mean(self._recent_lengths),
            acting_version=self._acting_version,
        )

    def problem(self) -> str | None:
        """Return what is wrong with the table's books or its rows, or None."""
        counts, stored, dropped = self._counts, self.rows.num_items(), self._dropped.total()
        if stored != self.num_items:
            return f"{stored} items are stored, the books say {self.num_items}"
        if counts["arrived"] != counts["inserted"] + dropped:
            return f"arrived {counts['arrived']} is not inserted {counts['inserted']} + dropped {dropped}"
        return self.rows.problem()


def _mean(recent: Sequence[float]) -> float | None:
    return float(np.mean(recent)) if recent else None
