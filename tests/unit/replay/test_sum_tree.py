"""The sum tree: hand-made values, odd capacities, refusals."""

import numpy as np
import pytest

from replay.sum_tree import SumTree


def filled(values: list[float]) -> SumTree:
    tree = SumTree(len(values))
    tree.set(np.arange(len(values)), np.array(values))
    return tree


def test_total_is_the_sum_of_all_values():
    """The total is what was set."""
    assert filled([1.0, 0.0, 2.5, 0.5, 4.0]).total == 8.0


def test_find_returns_the_index_in_whose_interval_a_mass_lies():
    """Values 1, 0, 2, 3 own the intervals [0, 1), nothing, [1, 3), [3, 6)."""
    masses = np.array([0.0, 0.999, 1.0, 2.999, 3.0, 5.999])
    assert filled([1.0, 0.0, 2.0, 3.0]).find(masses).tolist() == [0, 0, 2, 2, 3, 3]


def test_a_mass_at_or_beyond_the_total_finds_the_last_non_empty_index():
    """Rounding may lift a mass to the total: it must end in a leaf that holds something."""
    assert filled([1.0, 2.0, 0.0, 0.0, 0.0]).find(np.array([3.0, 3.5])).tolist() == [1, 1]


def test_find_skips_a_leading_empty_index():
    """Mass 0 belongs to the first index that holds something."""
    assert filled([0.0, 0.0, 0.0, 2.0]).find(np.array([0.0, 1.9])).tolist() == [3, 3]


@pytest.mark.parametrize("capacity", [1, 2, 3, 5, 7, 8, 9, 100])
def test_every_index_of_any_capacity_is_found_in_its_interval(capacity: int):
    """Capacities need not be powers of two, and 1 is one of them."""
    tree = filled([1.0] * capacity)
    found = tree.find(np.arange(capacity, dtype=np.float64) + 0.5)
    assert list(range(capacity)) == found.tolist()
    assert float(capacity) == tree.total
    assert tree.problem() is None


def test_setting_again_replaces_a_value():
    """A value is set, not added."""
    tree = filled([1.0, 2.0, 3.0])
    tree.set(np.array([1]), np.array([0.25]))
    assert tree.get(np.arange(3)).tolist() == [1.0, 0.25, 3.0]
    assert tree.total == 4.25


def test_the_last_of_repeated_indices_counts():
    """Where an index repeats in one call, the later value stays."""
    tree = SumTree(4)
    tree.set(np.array([2, 0, 2]), np.array([5.0, 1.0, 7.0]))
    assert tree.get(np.arange(4)).tolist() == [1.0, 0.0, 7.0, 0.0]
    assert tree.total == 8.0


def test_no_rounding_remains_after_a_large_value_was_taken_out():
    """Nodes are recomputed from their children, so a value of 1e16 leaves no trace in the total."""
    tree = filled([0.1, 0.2, 0.3])
    before = tree.total
    tree.set(np.array([1]), np.array([1e16]))
    tree.set(np.array([1]), np.array([0.2]))
    assert before == tree.total


@pytest.mark.parametrize("value", [-1e-9, float("nan"), float("inf")])
def test_a_value_that_is_no_mass_is_refused_and_changes_nothing(value: float):
    """Negative, NaN and infinite values raise, and the good values beside them are not set either."""
    tree = filled([1.0, 2.0])
    with pytest.raises(ValueError, match="finite values of 0 or more"):
        tree.set(np.array([0, 1]), np.array([9.0, value]))
    assert tree.get(np.arange(2)).tolist() == [1.0, 2.0]


def test_powers_are_set_of_base_plus_offset():
    """(4 + 5)^0.5 and (11 + 5)^0.5, in float64 though the bases are float32."""
    tree = SumTree(3)
    bases = np.array([4.0, 11.0, 0.1], np.float32)
    assert tree.set_powers(np.array([0, 2, 1]), bases, offset=5.0, exponent=0.5) == 0
    assert tree.get(np.array([0, 2])).tolist() == [3.0, 4.0]
    assert tree.get(np.array([1]))[0] == (float(np.float32(0.1)) + 5.0) ** 0.5
    assert tree.problem() is None


@pytest.mark.parametrize("bad", [-1e-30, -1.0, float("nan"), float("inf"), -float("inf")])
def test_a_power_of_what_is_no_base_is_left_out_and_counted(bad: float):
    """The values of those stay as they are, the others are set."""
    tree = filled([1.0, 2.0, 3.0])
    bases = np.array([bad, 7.0, bad], np.float32)
    assert tree.set_powers(np.arange(3), bases, offset=0.0, exponent=1.0) == 2
    assert tree.get(np.arange(3)).tolist() == [1.0, 7.0, 3.0]
    assert tree.total == 11.0
    assert tree.problem() is None


def test_the_last_good_base_of_a_repeated_index_counts():
    """What is no base does not undo what came before it."""
    tree = SumTree(2)
    bases = np.array([5.0, 6.0, float("inf")], np.float32)
    assert tree.set_powers(np.array([1, 1, 1]), bases, offset=0.0, exponent=1.0) == 1
    assert tree.get(np.array([1])).tolist() == [6.0]


@pytest.mark.parametrize("capacity", [0, -3])
def test_a_tree_without_room_is_refused(capacity: int):
    """The sentence names the value and what is allowed."""
    with pytest.raises(ValueError, match=f"is {capacity}; allowed is 1 or more"):
        SumTree(capacity)


def test_problem_names_a_node_whose_sum_is_wrong():
    """The check notices a corrupted node."""
    tree = filled([1.0, 2.0, 3.0, 4.0])
    tree._nodes[2] += 1.0
    assert tree.problem() == "node 1 is not the sum of its children"


def test_nbytes_is_the_memory_of_the_nodes():
    """Two float64 nodes for each leaf, leaves rounded up to a power of two."""
    assert SumTree(5).nbytes == 2 * 8 * 8
