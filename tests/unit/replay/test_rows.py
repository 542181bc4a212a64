"""The ring of rows: wrap-around, cut fragments, evictions, keys and their generations, copies."""

import numpy as np
import pytest

from replay.fragment import FragmentBlock
from replay.row import BOUNDARY, TERMINATED, TableShape
from replay.rows import END, ITEM, Appended, RowRing, marked_flags
from tests.support.builders import make_block


def make_ring(num_rows: int = 10, first_key: int = 0) -> RowRing:
    return RowRing(num_rows, TableShape("toy", (3,), "float32", num_actions=2), first_key)


def append(ring: RowRing, block: FragmentBlock) -> Appended:
    return ring.append(block, marked_flags(block)[0])


def live_keys(ring: RowRing) -> list[int]:
    keys = np.arange(ring.first_key, ring.next_key)
    return keys[ring.slots_of(keys)[1]].tolist()


def test_rows_are_copied_fragment_after_fragment():
    """Two fragments of three rows lie one after the other, every column in its place."""
    ring = make_ring()
    block = make_block(streams=2, starts=2, overlap=1, weights_version=7)
    appended = append(ring, block)
    assert appended.items.tolist() == [0, 1, 3, 4]
    assert (appended.cleared.tolist(), appended.evicted) == ([], 0)
    np.testing.assert_array_equal(block.rows["frames"].reshape(6, 3), ring.columns["frames"][:6])
    np.testing.assert_array_equal(block.rows["actions"].reshape(6), ring.columns["actions"][:6])
    np.testing.assert_array_equal(block.rows["rewards"].reshape(6), ring.columns["rewards"][:6])
    assert ring.columns["weights_versions"][:6].tolist() == [7] * 6


def test_items_and_ends_are_marked():
    """Rows of lead, of overlap and boundaries are no items; the last row of each fragment is its end."""
    flags = np.array([[0, 0, BOUNDARY, TERMINATED, 0, 0], [TERMINATED, 0, 0, 0, 0, BOUNDARY]], np.uint8)
    priorities = np.array([[1, 2, 3], [4, 5, 6]], np.float32)
    marked, of_items = marked_flags(
        make_block(starts=3, overlap=2, lead=1, flags=flags, priorities=priorities)
    )
    first = [0, ITEM, BOUNDARY, TERMINATED | ITEM, 0, END]
    second = [TERMINATED, ITEM, ITEM, ITEM, 0, BOUNDARY | END]
    assert marked.tolist() == [*first, *second]
    assert of_items.tolist() == [1, 3, 4, 5, 6]


def test_marking_leaves_the_blocks_own_flags_alone():
    """A throttled block is marked again when it is sent again."""
    block = make_block()
    marked_flags(block)
    assert not block.flags.any()


def test_a_block_wraps_around_the_end_of_the_ring():
    """Six rows after the first six of ten: four at the end, two at the start."""
    ring = make_ring(10)
    append(ring, make_block(streams=2, starts=2, overlap=1))
    second = make_block(streams=2, starts=2, overlap=1, rng=np.random.default_rng(1))
    appended = append(ring, second)
    assert appended.items.tolist() == [6, 7, 9, 0]
    slots = np.array([6, 7, 8, 9, 0, 1])
    np.testing.assert_array_equal(second.rows["rewards"].reshape(6), ring.columns["rewards"][slots])
    np.testing.assert_array_equal(second.rows["frames"].reshape(6, 3), ring.columns["frames"][slots])
    np.testing.assert_array_equal(second.rows["actions"].reshape(6), ring.columns["actions"][slots])
    assert live_keys(ring) == [3, 4, 6, 7, 9, 10]
    assert ring.problem() is None


def test_a_fragment_loses_all_its_items_with_its_first_row():
    """Four rows over the first of two fragments of five: its last row stays, no item of it does."""
    ring = make_ring(10)
    append(ring, make_block(streams=2, starts=4, overlap=1))
    appended = append(ring, make_block(streams=1, starts=2, overlap=1))
    assert appended.items.tolist() == [0, 1]
    assert appended.cleared.tolist() == [2, 3]
    assert appended.evicted == 4
    assert live_keys(ring) == [5, 6, 7, 8, 10, 11]
    assert ring.problem() is None


def test_a_cut_reaches_to_the_fragments_end_and_no_further():
    """Also where the fragment that is cut wraps around the end of the ring."""
    ring = make_ring(8)
    append(ring, make_block(streams=1, starts=4, overlap=1))
    append(ring, make_block(streams=1, starts=4, overlap=1))  # slots 5, 6, 7, 0, 1
    assert live_keys(ring) == [5, 6, 7, 8]
    appended = append(ring, make_block(streams=1, starts=3, overlap=1))  # slots 2 .. 5
    assert appended.cleared.tolist() == [5, 6, 7, 0]
    assert appended.evicted == 4
    assert live_keys(ring) == [10, 11, 12]


def test_a_block_that_ends_where_a_fragment_ends_cuts_nothing():
    """Fragments of equal length overwrite each other whole."""
    ring = make_ring(6)
    block = make_block(streams=1, starts=2, overlap=1)
    for _ in range(2):
        assert append(ring, block).evicted == 0
    assert append(ring, block).evicted == 2
    assert live_keys(ring) == [3, 4, 6, 7]


def test_only_items_count_as_evicted():
    """Overwriting rows of lead and overlap loses no transition."""
    ring = make_ring(8)
    block = make_block(streams=2, starts=2, overlap=1, lead=1)
    assert [append(ring, block).evicted for _ in range(3)] == [0, 4, 4]


def test_a_block_as_large_as_the_ring_fills_it():
    """The largest block that fits replaces everything."""
    ring = make_ring(6)
    append(ring, make_block(streams=1, starts=1, overlap=1))
    block = make_block(streams=2, starts=2, overlap=1)
    append(ring, block)
    slots = np.arange(2, 8) % 6
    np.testing.assert_array_equal(block.rows["rewards"].reshape(6), ring.columns["rewards"][slots])
    assert live_keys(ring) == [2, 3, 5, 6]
    assert ring.oldest_key == 2


def test_a_key_stops_naming_its_slot_once_the_slot_is_overwritten():
    """Key 0 and key 6 share slot 0 of six; only the newer generation is alive."""
    ring = make_ring(6)
    block = make_block(streams=2, starts=2, overlap=1)
    append(ring, block)
    append(ring, block)
    slots, alive = ring.slots_of(np.array([0, 6, 1, 7]))
    assert slots.tolist() == [0, 0, 1, 1]
    assert alive.tolist() == [False, True, False, True]
    assert ring.keys_of(np.arange(6)).tolist() == [6, 7, 8, 9, 10, 11]


@pytest.mark.parametrize("key", [-1, -5, -6, 2, 3, 999])
def test_a_key_that_never_named_an_item_is_not_alive(key: int):
    """Negative keys, an overlap row, the next row, the future."""
    ring = make_ring(6)
    append(ring, make_block(streams=1, starts=2, overlap=1))
    assert ring.slots_of(np.array([key]))[1].tolist() == [False]


@pytest.mark.parametrize("first_key", [1, 6, 2**36, 1023 * 2**46])
def test_keys_of_an_earlier_life_are_never_alive(first_key: int):
    """A ring that begins at a later key takes none of those before it for its own."""
    before, ring = make_ring(6), make_ring(6, first_key)
    block = make_block(streams=2, starts=2, overlap=1)
    append(before, block)
    for _ in range(3):
        appended = append(ring, block)
        keys = ring.keys_of(appended.items)
        assert ring.slots_of(keys)[1].all()
        assert not ring.slots_of(keys - first_key - 6)[1].any()
        assert ring.problem() is None
    assert live_keys(ring) == [first_key + n for n in (12, 13, 15, 16)]
    assert not ring.slots_of(np.arange(max(0, first_key - 20), first_key))[1].any()


def test_the_oldest_key_is_the_first_until_rows_are_overwritten():
    """Of a ring that begins at key 100."""
    ring = make_ring(6, first_key=100)
    block = make_block(streams=1, starts=2, overlap=1)
    oldest = []
    for _ in range(4):
        oldest.append(ring.oldest_key)
        append(ring, block)
    assert oldest == [100, 100, 100, 103]


def test_no_view_into_a_message_is_kept():
    """Scribbling over the message's arrays after the insertion changes no row."""
    block = make_block(streams=1, starts=4, overlap=2)
    ring = make_ring(6)
    append(ring, block)
    kept = [column.copy() for column in ring.columns.values()]
    for array in block.rows.values():
        array[:] = 77
    now = ring.columns.values()
    assert [column.tolist() for column in kept] == [column.tolist() for column in now]


def test_nbytes_counts_every_column():
    """Per row: 12 frame, 4 action, 4 reward, 1 flag, 4 version."""
    assert make_ring(10).nbytes == 10 * 25


@pytest.mark.parametrize(
    ("slot", "flag", "sentence"),
    [
        (5, ITEM, "an item lies in a slot that was never written"),
        (0, ITEM | BOUNDARY, "an item starts at a boundary row or at the end of a fragment"),
        (0, ITEM | END, "an item starts at a boundary row or at the end of a fragment"),
    ],
)
def test_problem_notices_a_damaged_ring(slot: int, flag: int, sentence: str):
    """Each promise, once broken, is named."""
    ring = make_ring(6)
    append(ring, make_block(streams=1, starts=2, overlap=1))
    assert ring.problem() is None
    ring.flags[slot] = flag
    assert ring.problem() == sentence
