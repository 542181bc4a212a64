"""Every item with the same probability."""

import numpy as np
from numpy.typing import NDArray

from replay.compiling import compiled

_NOWHERE = -1


class Uniform:
    """Draws every item with the same probability, whatever its priority.

    Drawable slots lie side by side in a list; one that is removed leaves its place to the last of them. Both
    arrays are of int32, which is enough for the rows that a machine has memory for.
    """

    def __init__(self, capacity: int) -> None:
        self._listed = np.zeros(capacity, np.int32)
        self._places = np.full(capacity, _NOWHERE, np.int32)
        self._count = 0

    def insert(self, slots: NDArray[np.int64], priorities: NDArray[np.float32]) -> None:  # noqa: ARG002
        """Make these slots drawable."""
        self._count = _insert(self._listed, self._places, self._count, slots)

    def update(self, slots: NDArray[np.int64], priorities: NDArray[np.float32]) -> int:  # noqa: ARG002
        """Leave everything as it is."""
        return 0

    def remove(self, slots: NDArray[np.int64]) -> None:
        """Make these slots undrawable."""
        self._count = _remove(self._listed, self._places, self._count, slots)

    def sample(self, size: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Draw slots with replacement: (slots, the probability of each)."""
        slots = self._listed[rng.integers(self._count, size=size)].astype(np.int64)
        return slots, np.full(size, 1 / self._count)

    def priorities(self, slots: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return 1 for each."""
        return np.ones(len(slots), np.float32)

    @property
    def mass(self) -> float:
        """Number of items."""
        return float(self._count)

    @property
    def nbytes(self) -> int:
        """Memory in bytes."""
        return self._listed.nbytes + self._places.nbytes


def build(capacity: int, priority_exponent: float) -> Uniform:  # noqa: ARG001 - every selector is built so
    """Return a selector; the exponent of priorities is not for it."""
    return Uniform(capacity)


@compiled
def _insert(
    listed: NDArray[np.int32], places: NDArray[np.int32], count: int, slots: NDArray[np.int64]
) -> int:
    """List the slots that are not listed yet; return how many are."""
    for slot in slots:
        if places[slot] == _NOWHERE:
            places[slot] = count
            listed[count] = slot
            count += 1
    return count


@compiled
def _remove(
    listed: NDArray[np.int32], places: NDArray[np.int32], count: int, slots: NDArray[np.int64]
) -> int:
    """Take the slots that are listed off the list; return how many are left."""
    for slot in slots:
        place = places[slot]
        if place != _NOWHERE:
            count -= 1
            last = listed[count]
            listed[place] = last
            places[last] = place
            places[slot] = _NOWHERE
    return count
