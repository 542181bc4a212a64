"""The ring of rows: wrap-around, evictions, keys and their generations, copies."""

import numpy as np
import pytest

from replay.fragment import BOUNDARY, FragmentBlock
from replay.rows import NO_ITEM, RowRing
from tests.support.builders import make_block


def make_ring(num_rows: int = 10) -> RowRing:
    return RowRing(num_rows, (3,), "float32")


def test_rows_are_copied_fragment_after_fragment():
    """Two fragments of three rows lie one behind the other, every column in its place."""
    ring = make_ring()
    block = make_block(streams=2, starts=2, overlap=1, weights_version=7)
    slots, items, evicted = ring.append(block)
    assert slots.tolist() == [0, 1, 2, 3, 4, 5]
    assert items.tolist() == [True, True, False, True, True, False]
    assert evicted == 0
    np.testing.assert_array_equal(block.observations.reshape(6, 3), ring.observations[:6])
    np.testing.assert_array_equal(block.actions.reshape(6), ring.actions[:6])
    np.testing.assert_array_equal(block.rewards.reshape(6), ring.rewards[:6])
    np.testing.assert_array_equal(block.flags.reshape(6), ring.flags[:6])
    assert ring.weights_versions[:6].tolist() == [7] * 6


def test_overlap_and_boundary_rows_are_no_items():
    """Only starts that are no boundary get a key."""
    flags = np.array([[0, BOUNDARY, 0, 0]], np.uint8)
    ring = make_ring(4)
    ring.append(make_block(streams=1, starts=3, overlap=1, flags=flags))
    assert ring.keys.tolist() == [0, NO_ITEM, 2, NO_ITEM]
    assert ring.problem() is None


def test_a_block_wraps_around_the_end_of_the_ring():
    """Six rows behind the first six of ten: four at the end, two at the start."""
    ring = make_ring(10)
    ring.append(make_block(streams=2, starts=2, overlap=1))
    second = make_block(streams=2, starts=2, overlap=1, rng=np.random.default_rng(1))
    slots, _, evicted = ring.append(second)
    assert slots.tolist() == [6, 7, 8, 9, 0, 1]
    np.testing.assert_array_equal(second.rewards.reshape(6), ring.rewards[slots])
    np.testing.assert_array_equal(second.observations.reshape(6, 3), ring.observations[slots])
    assert evicted == 2
    assert ring.keys.tolist() == [10, NO_ITEM, NO_ITEM, 3, 4, NO_ITEM, 6, 7, NO_ITEM, 9]
    assert ring.problem() is None


def test_only_items_count_as_evicted():
    """Overwriting overlap rows loses no transition."""
    ring = make_ring(6)
    block = make_block(streams=2, starts=2, overlap=1)
    assert [ring.append(block)[2] for _ in range(3)] == [0, 4, 4]


def test_a_block_as_large_as_the_ring_fills_it():
    """The largest block that fits replaces everything."""
    ring = make_ring(6)
    ring.append(make_block(streams=1, starts=1, overlap=1))
    block = make_block(streams=2, starts=2, overlap=1)
    slots, _, _ = ring.append(block)
    assert sorted(slots.tolist()) == list(range(6))
    np.testing.assert_array_equal(block.rewards.reshape(6), ring.rewards[slots])


def test_a_key_stops_naming_its_slot_once_the_slot_is_overwritten():
    """Key 0 and key 6 share slot 0 of six; only the newer generation is alive."""
    ring = make_ring(6)
    block = make_block(streams=2, starts=2, overlap=1)
    ring.append(block)
    ring.append(block)
    slots, alive = ring.slots_of(np.array([0, 6, 1, 7]))
    assert slots.tolist() == [0, 0, 1, 1]
    assert alive.tolist() == [False, True, False, True]


@pytest.mark.parametrize("key", [NO_ITEM, -5, 2, 999])
def test_a_key_that_never_named_an_item_is_not_alive(key: int):
    """-1 marks empty slots, 2 is an overlap row, 999 lies in the future."""
    ring = make_ring(6)
    ring.append(make_block(streams=1, starts=2, overlap=1))
    assert ring.slots_of(np.array([key]))[1].tolist() == [False]


def test_no_view_into_a_message_is_kept():
    """Scribbling over the message's arrays after the insertion changes no row."""
    block = make_block(streams=1, starts=4, overlap=2)
    ring = make_ring(6)
    ring.append(block)
    kept = [column.copy() for column in (ring.observations, ring.actions, ring.rewards, ring.flags)]
    for array in (block.observations, block.actions, block.rewards, block.flags):
        array[:] = 77
    now = (ring.observations, ring.actions, ring.rewards, ring.flags)
    assert [column.tolist() for column in kept] == [column.tolist() for column in now]


def test_nbytes_counts_every_column():
    """Per row: 12 observation, 4 action, 4 reward, 1 flag, 4 version, 8 key."""
    assert make_ring(10).nbytes == 10 * 33


def damaged(block: FragmentBlock, column: str, value: int) -> RowRing:
    ring = make_ring(6)
    ring.append(block)
    getattr(ring, column)[0] = value
    return ring


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("keys", 7, "an item lies in a slot that is not its key's"),
        ("flags", BOUNDARY, "an item starts at a boundary row"),
    ],
)
def test_problem_notices_a_damaged_ring(column: str, value: int, sentence: str):
    """Either promise, once broken, is named."""
    assert damaged(make_block(streams=1), column, value).problem() == sentence
