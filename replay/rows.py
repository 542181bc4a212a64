"""Preallocated rings of rows: the storage of a table."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from replay.fragment import BOUNDARY, FragmentBlock

NO_ITEM = -1


class RowRing:
    """Rows of fragments, each frame stored once, the oldest overwritten first.

    A row's *key* is its number since the ring was made; its slot is the key modulo the number of rows. A row
    from which a transition can be drawn is an *item*. Everything is copied in: no view into a message stays.
    """

    def __init__(self, num_rows: int, observation_shape: tuple[int, ...], observation_dtype: str) -> None:
        self.num_rows = num_rows
        self.observations: NDArray[Any] = np.zeros((num_rows, *observation_shape), observation_dtype)
        self.actions = np.zeros(num_rows, np.int32)
        self.rewards = np.zeros(num_rows, np.float32)
        self.flags = np.zeros(num_rows, np.uint8)
        self.weights_versions = np.zeros(num_rows, np.int32)
        self.keys = np.full(num_rows, NO_ITEM, np.int64)
        self._written = 0

    @property
    def nbytes(self) -> int:
        """Memory of all columns in bytes."""
        return sum(column.nbytes for column in self._columns()) + self.keys.nbytes

    def append(self, block: FragmentBlock) -> tuple[NDArray[np.int64], NDArray[np.bool_], int]:
        """Copy a block's rows in, fragment after fragment.

        Returns:
            The slots written, which of them are items, and how many items were overwritten.
        """
        streams, rows = block.actions.shape
        keys = self._written + np.arange(streams * rows)
        slots = keys % self.num_rows
        evicted = int((self.keys[slots] != NO_ITEM).sum())
        versions = np.full(streams * rows, block.weights_version, np.int32)
        columns: tuple[NDArray[Any], ...] = (
            block.observations,
            block.actions,
            block.rewards,
            block.flags,
            versions,
        )
        for ring, values in zip(self._columns(), columns, strict=True):
            self._write(ring, values.reshape(streams * rows, *ring.shape[1:]))
        is_item = np.zeros((streams, rows), np.bool_)
        is_item[:, : block.num_starts] = block.starts()
        items = is_item.reshape(-1)
        self.keys[slots] = np.where(items, keys, NO_ITEM)
        self._written += streams * rows
        return slots, items, evicted

    def slots_of(self, keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the slots of keys, and which of them still hold the item that the key named."""
        slots = keys % self.num_rows
        return slots, (self.keys[slots] == keys) & (keys != NO_ITEM)

    def problem(self) -> str | None:
        """Return what is wrong with the ring, or None."""
        items = np.flatnonzero(self.keys != NO_ITEM)
        if (self.keys[items] % self.num_rows != items).any():
            return "an item lies in a slot that is not its key's"
        if (self.flags[items] & BOUNDARY).any():
            return "an item starts at a boundary row"
        return None

    def _columns(self) -> tuple[NDArray[Any], ...]:
        return (self.observations, self.actions, self.rewards, self.flags, self.weights_versions)

    def _write(self, ring: NDArray[Any], values: NDArray[Any]) -> None:
        start = self._written % self.num_rows
        head = min(len(values), self.num_rows - start)
        ring[start : start + head] = values[:head]
        ring[: len(values) - head] = values[head:]
