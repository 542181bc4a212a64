"""The sum tree agrees with a plain array, whatever is done to both."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from replay.sum_tree import SumTree

# multiples of 1/8 add up exactly in float64, so that tree and oracle must agree to the bit
VALUES = st.integers(0, 2**20).map(lambda eighths: eighths / 8)


class TreeAgainstArray(RuleBasedStateMachine):
    """Sets values in a tree and in an array; the array is searched by its cumulative sum."""

    @initialize(capacity=st.integers(1, 40))
    def build(self, capacity: int) -> None:
        """Start empty."""
        self.tree = SumTree(capacity)
        self.array = np.zeros(capacity)

    @rule(data=st.data())
    def set_values(self, data: st.DataObject) -> None:
        """Set a batch; indices may repeat."""
        index = st.integers(0, self.array.size - 1)
        pairs = data.draw(st.lists(st.tuples(index, VALUES), max_size=12))
        self.tree.set(np.array([i for i, _ in pairs], np.int64), np.array([v for _, v in pairs], np.float64))
        for i, value in pairs:
            self.array[i] = value

    @rule(data=st.data())
    def clear_values(self, data: st.DataObject) -> None:
        """Empty a range, as an eviction does."""
        start = data.draw(st.integers(0, self.array.size - 1))
        stop = data.draw(st.integers(start, self.array.size))
        self.tree.set(np.arange(start, stop), np.zeros(stop - start))
        self.array[start:stop] = 0.0

    @precondition(lambda self: self.array.sum() > 0)
    @rule(fractions=st.lists(st.floats(0.0, 1.0, exclude_max=True), min_size=1, max_size=12))
    def find(self, fractions: list[float]) -> None:
        """Masses fall into the intervals that the cumulative sum gives, and never into an empty one."""
        masses = np.array(fractions) * self.array.sum()
        expected = np.searchsorted(np.cumsum(self.array), masses, side="right")
        found = self.tree.find(masses)
        assert expected.tolist() == found.tolist()
        assert (self.array[found] > 0).all()

    @invariant()
    def same_values(self) -> None:
        """Values, total and every inner sum agree."""
        if hasattr(self, "tree"):
            assert self.array.tolist() == self.tree.get(np.arange(self.array.size)).tolist()
            assert float(self.array.sum()) == self.tree.total
            assert self.tree.problem() is None


TestTreeAgainstArray = TreeAgainstArray.TestCase


@example(values=[1.0, 0.0, 0.0], fraction=1.0)
@given(
    values=st.lists(st.floats(0.0, 1e12), min_size=1, max_size=50).filter(lambda values: sum(values) > 0),
    fraction=st.floats(0.0, 1.0),
)
def test_arbitrary_values_never_lead_to_an_empty_index(values: list[float], fraction: float):
    """Rounding of sums that are not exact, and a mass of the whole total, still find a non-zero value."""
    tree = SumTree(len(values))
    tree.set(np.arange(len(values)), np.array(values))
    found = int(tree.find(np.array([fraction * tree.total]))[0])
    assert found < len(values)
    assert values[found] > 0
    assert tree.problem() is None
