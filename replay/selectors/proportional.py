"""Items in proportion to their priorities."""

import numpy as np
from numpy.typing import NDArray

from replay.sum_tree import SumTree


class Proportional:
    """Draws a slot with probability p^a / sum of p^a.

    Schaul et al. 2016, "Prioritized Experience Replay", eq. 1.

    `smallest_priority` is added to every priority, so that none starves (the paper's epsilon).
    """

    def __init__(self, capacity: int, priority_exponent: float, smallest_priority: float = 1e-3) -> None:
        self._tree = SumTree(capacity)
        self._exponent = priority_exponent
        self._smallest = smallest_priority

    def insert(self, slots: NDArray[np.int64], priorities: NDArray[np.float32]) -> None:
        """Make these slots drawable."""
        self._tree.set_powers(slots, priorities, self._smallest, self._exponent)

    def update(self, slots: NDArray[np.int64], priorities: NDArray[np.float32]) -> int:
        """Set new priorities of drawable slots; return how many were negative or not finite, and ignored."""
        return self._tree.set_powers(slots, priorities, self._smallest, self._exponent)

    def remove(self, slots: NDArray[np.int64]) -> None:
        """Make these slots undrawable."""
        self._tree.set(slots, np.zeros(len(slots)))

    def sample(self, size: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Draw slots with replacement: (slots, the probability of each)."""
        slots = self._tree.find(rng.random(size) * self._tree.total)
        return slots, self._tree.get(slots) / self._tree.total

    def priorities(self, slots: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return priorities of drawable slots that `insert` could be given again."""
        if self._exponent == 0.0:
            return np.ones(len(slots), np.float32)
        powers = self._tree.get(slots)
        return np.maximum(powers ** (1.0 / self._exponent) - self._smallest, 0.0).astype(np.float32)

    @property
    def mass(self) -> float:
        """Sum of p^a."""
        return self._tree.total

    @property
    def nbytes(self) -> int:
        """Memory in bytes."""
        return self._tree.nbytes


def build(capacity: int, priority_exponent: float) -> Proportional:
    """Return a selector with that exponent of priorities."""
    return Proportional(capacity, priority_exponent)
