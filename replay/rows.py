"""Preallocated rings of rows: the storage of a table."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from replay.compiling import compiled
from replay.fragment import FragmentBlock
from replay.row import BOUNDARY, COLUMNS, SETTLED, Columns, TableShape

END = 8
"""Flag of the last row of a fragment: what follows belongs to another one."""
ITEM = 16
"""Flag of a row at which a transition can be drawn."""


@dataclass(frozen=True)
class Appended:
    """What writing a block changed.

    Attributes:
        items: (N,) slots that hold an item now, in the order of the block's starts.
        cleared: slots that held an item before and hold none now.
        evicted: items that were overwritten or cut.
    """

    items: NDArray[np.int64]
    cleared: NDArray[np.int64]
    evicted: int


class RowRing:
    """Rows of fragments, each frame of a fragment once, the oldest overwritten first.

    A row's *key* is its number, counted from `first_key` on; its slot is the key modulo the number of rows.
    A ring that takes the place of a lost one starts at a higher key, so that keys of the lost one name
    nothing in it. Everything is copied in: no view into a message stays.

    A fragment of which a row is overwritten loses all its items at once: what is left of it could no longer
    be stacked.

    Attributes:
        columns: (R, ...) each, as `replay.row` describes them.
        flags: those of the columns, with `END` and `ITEM`.
    """

    def __init__(self, num_rows: int, shape: TableShape, first_key: int = 0) -> None:
        self.num_rows = num_rows
        self.columns = {name: column.zeros((num_rows,), shape) for name, column in COLUMNS.items()}
        self.flags: NDArray[np.uint8] = self.columns["flags"]
        self.flags.fill(END)
        self.first_key = first_key
        self.next_key = first_key

    @property
    def nbytes(self) -> int:
        """Memory of all columns in bytes."""
        return sum(column.nbytes for column in self.columns.values())

    @property
    def oldest_key(self) -> int:
        """Key of the oldest row that is not overwritten."""
        return max(self.first_key, self.next_key - self.num_rows)

    def append(self, block: FragmentBlock, marked: NDArray[np.uint8]) -> Appended:
        """Copy a block's rows in, fragment after fragment, with the flags that `marked_flags` made of it."""
        versions = np.full(len(marked), block.weights_version, np.int32)
        return self.append_rows({**block.rows, "weights_versions": versions}, marked)

    def append_rows(self, columns: Columns, flags: NDArray[np.uint8]) -> Appended:
        """Copy rows of settled columns in; their flags say which are items and where fragments end."""
        self._write(columns, len(flags))
        items, cleared, evicted = _write_flags(self.flags, self.next_key % self.num_rows, flags)
        self.next_key += len(flags)
        return Appended(items, cleared, evicted)

    def slots_of(self, keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the slots of keys, and which of them still hold the item that the key named."""
        slots = keys % self.num_rows
        alive = (keys >= self.oldest_key) & (keys < self.next_key) & ((self.flags[slots] & ITEM) != 0)
        return slots, alive

    def keys_of(self, slots: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the keys of the rows that lie in slots."""
        newest = self.next_key - 1
        return newest - (newest - slots) % self.num_rows

    def num_items(self) -> int:
        """Count the items."""
        return int(((self.flags & ITEM) != 0).sum())

    def problem(self) -> str | None:
        """Return what is wrong with the ring, or None."""
        items = np.flatnonzero(self.flags & ITEM)
        if (self.keys_of(items) < self.first_key).any():
            return "an item lies in a slot that was never written"
        if (self.flags[items] & (BOUNDARY | END)).any():
            return "an item starts at a boundary row or at the end of a fragment"
        return None

    def _write(self, columns: Columns, count: int) -> None:
        start = self.next_key % self.num_rows
        head = min(count, self.num_rows - start)
        for name in SETTLED:
            ring = self.columns[name]
            flat = columns[name].reshape(count, *ring.shape[1:])
            ring[start : start + head] = flat[:head]
            if head < count:
                ring[: count - head] = flat[head:]


def marked_flags(block: FragmentBlock) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return the block's flags with items and ends marked, row after row, and the priorities of the items."""
    marked, priorities = _mark(block.flags, block.priorities, block.lead)
    return marked, priorities


@compiled
def _mark(flags: NDArray[np.uint8], priorities: NDArray[np.float32], lead: int) -> Any:  # noqa: ANN401 - Numba infers the tuple of arrays
    streams, rows = flags.shape
    starts = priorities.shape[1]
    marked = np.empty(streams * rows, np.uint8)
    of_items = np.empty(streams * starts, np.float32)
    count = 0
    for stream in range(streams):
        for row in range(rows):
            flag = flags[stream, row]
            if lead <= row < lead + starts and not flag & BOUNDARY:
                flag |= ITEM
                of_items[count] = priorities[stream, row - lead]
                count += 1
            marked[stream * rows + row] = flag
        marked[stream * rows + rows - 1] |= END
    return marked, of_items[:count]


@compiled
def _write_flags(ring: NDArray[np.uint8], start: int, flags: NDArray[np.uint8]) -> Any:  # noqa: ANN401 - Numba infers the tuple of arrays
    num_rows, count = ring.shape[0], flags.shape[0]
    cut = 0
    if not ring[(start + count - 1) % num_rows] & END:
        while cut < num_rows - count:
            cut += 1
            if ring[(start + count + cut - 1) % num_rows] & END:
                break
    items = np.empty(count, np.int64)
    cleared = np.empty(count + cut, np.int64)
    num_items = num_cleared = evicted = 0
    for i in range(count + cut):
        slot = (start + i) % num_rows
        was_item = ring[slot] & ITEM
        ring[slot] = flags[i] if i < count else ring[slot] & ~ITEM
        if ring[slot] & ITEM:
            items[num_items] = slot
            num_items += 1
        elif was_item:
            cleared[num_cleared] = slot
            num_cleared += 1
        if was_item:
            evicted += 1
    return items[:num_items], cleared[:num_cleared], evicted
