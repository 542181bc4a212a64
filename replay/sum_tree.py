"""A sum tree: draw indices in proportion to their values, set values in logarithmic time.

Kernels are compiled by Numba and keep every node the exact sum of its two children, so rounding never
accumulates over updates.
"""

import numpy as np
from numpy.typing import NDArray

from replay.compiling import compiled


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

    def set_powers(
        self, indices: NDArray[np.int64], bases: NDArray[np.float32], offset: float, exponent: float
    ) -> int:
        """Set values to (base + offset)^exponent; return how many bases were negative or not finite.

        The values of those stay as they are.
        """
        return int(_set_powers(self._nodes, self._leaves, indices, bases, offset, exponent))

    def find(self, masses: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the index in whose interval each mass in [0, total) lies; values of 0 are never hit."""
        return _find(self._nodes, self._leaves, masses)

    def problem(self) -> str | None:
        """Return what is wrong with the tree's sums, or None."""
        parents = self._nodes[1 : self._leaves]
        wrong = np.flatnonzero(parents != self._nodes[2::2] + self._nodes[3::2])
        return f"node {wrong[0] + 1} is not the sum of its children" if wrong.size else None


# The kernels go through the tree level by level, all indices at each: they do not depend on one another, so
# the processor can wait for the memory of many at once.


@compiled
def _set(
    nodes: NDArray[np.float64], leaves: int, indices: NDArray[np.int64], values: NDArray[np.float64]
) -> None:
    for i in range(indices.shape[0]):
        nodes[leaves + indices[i]] = values[i]
    _add_up(nodes, leaves, indices)


@compiled
def _set_powers(
    nodes: NDArray[np.float64],
    leaves: int,
    indices: NDArray[np.int64],
    bases: NDArray[np.float32],
    offset: float,
    exponent: float,
) -> int:
    left_out = 0
    for i in range(indices.shape[0]):
        base = bases[i]
        if base >= 0.0 and base < np.inf:
            nodes[leaves + indices[i]] = (base + offset) ** exponent
        else:
            left_out += 1
    _add_up(nodes, leaves, indices)
    return left_out


@compiled
def _add_up(nodes: NDArray[np.float64], leaves: int, indices: NDArray[np.int64]) -> None:
    """Make every node above `indices` the sum of its children again."""
    shift = 1
    while leaves >> shift:
        for i in range(indices.shape[0]):
            node = (leaves + indices[i]) >> shift
            nodes[node] = nodes[2 * node] + nodes[2 * node + 1]
        shift += 1


@compiled
def _find(nodes: NDArray[np.float64], leaves: int, masses: NDArray[np.float64]) -> NDArray[np.int64]:
    found = np.ones(masses.shape[0], np.int64)
    left = masses.copy()
    level = 1
    while level < leaves:
        for i in range(masses.shape[0]):
            node = 2 * found[i]
            mass = nodes[node]
            # step right only where there is something: rounding must not end in an empty leaf
            right = (left[i] >= mass) & (nodes[node + 1] > 0.0)
            left[i] -= mass * right
            found[i] = node + right
        level *= 2
    return found - leaves
