"""A sum tree: draw indices in proportion to their values, set values in logarithmic time.

Kernels are compiled by Numba and keep every node the exact sum of its two children, so rounding never
accumulates over updates.
"""

import numba
import numpy as np
from numpy.typing import NDArray


class SumTree:
    """Non-negative float64 values at indices 0 .. capacity - 1.

    tree = SumTree(capacity=5)
    tree.set(np.array([0, 3]), np.array([1.0, 3.0]))
    tree.find(np.array([0.5, 2.0]))                      # -> [0, 3]
    """

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"capacity of a sum tree is {capacity}; allowed is 1 or more")
        self.capacity = capacity
        self._leaves = 1 << (capacity - 1).bit_length()
        self._nodes = np.zeros(2 * self._leaves)

    @property
    def total(self) -> float:
        """Sum of all values."""
        return float(self._nodes[1])

    @property
    def nbytes(self) -> int:
        """Memory of the nodes in bytes."""
        return self._nodes.nbytes

    def get(self, indices: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the values at `indices`."""
        return self._nodes[self._leaves + indices]

    def set(self, indices: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        """Set values; where an index repeats, the last one counts.

        Raises:
            ValueError: a value is negative or not finite.
        """
        if not (np.isfinite(values).all() and (values >= 0).all()):
            raise ValueError("a sum tree takes finite values of 0 or more")
        _set(self._nodes, self._leaves, indices, values)

    def find(self, masses: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the index in whose interval each mass in [0, total) lies; values of 0 are never hit."""
        return _find(self._nodes, self._leaves, masses)

    def problem(self) -> str | None:
        """Return what is wrong with the tree's sums, or None."""
        parents = self._nodes[1 : self._leaves]
        wrong = np.flatnonzero(parents != self._nodes[2::2] + self._nodes[3::2])
        return f"node {wrong[0] + 1} is not the sum of its children" if wrong.size else None


@numba.njit(cache=True)
def _set(
    nodes: NDArray[np.float64], leaves: int, indices: NDArray[np.int64], values: NDArray[np.float64]
) -> None:
    for i in range(indices.shape[0]):
        node = leaves + indices[i]
        nodes[node] = values[i]
        node >>= 1
        while node >= 1:
            nodes[node] = nodes[2 * node] + nodes[2 * node + 1]
            node >>= 1


@numba.njit(cache=True)
def _find(nodes: NDArray[np.float64], leaves: int, masses: NDArray[np.float64]) -> NDArray[np.int64]:
    found = np.empty(masses.shape[0], np.int64)
    for i in range(masses.shape[0]):
        mass = masses[i]
        node = 1
        while node < leaves:
            node *= 2
            # step right only where there is something: rounding must not end in an empty leaf
            if mass >= nodes[node] and nodes[node + 1] > 0.0:
                mass -= nodes[node]
                node += 1
        found[i] = node - leaves
    return found
