"""What a selector is: which items a table draws, and with which probability."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Selector(Protocol):
    """Draws slots of a table. A slot holds an item once it was inserted and until it is removed.

    A module of a selector has a function `build(capacity, priority_exponent)` that returns one; its line in
    `replay.selectors.table` names the module and says what the rest of the system has to know.
    """

    def insert(self, slots: NDArray[np.int64], priorities: NDArray[np.float32]) -> None:
        """Make these slots drawable; those that are already get their new priorities."""

    def update(self, slots: NDArray[np.int64], priorities: NDArray[np.float32]) -> int:
        """Set new priorities of drawable slots; return how many were negative or not finite, and ignored."""

    def remove(self, slots: NDArray[np.int64]) -> None:
        """Make these slots undrawable; those that are not drawable stay as they are."""

    def sample(self, size: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Draw slots with replacement: (slots, the probability of each)."""

    def priorities(self, slots: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return priorities of drawable slots that `insert` could be given again."""

    @property
    def mass(self) -> float:
        """What this table weighs beside its likes on other shards."""

    @property
    def nbytes(self) -> int:
        """Memory in bytes."""
