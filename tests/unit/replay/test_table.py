"""A table: inserts, draws, bounds on inserts, priorities, counters."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from replay.fragment import FragmentBlock
from replay.messages import Inserted, NotReady, Sampled, TableProgress, Throttled
from replay.n_step import ReturnSpec
from replay.row import BOUNDARY, SETTLED, TRUNCATED
from replay.rows import ITEM, RowRing
from replay.selectors.proportional import Proportional
from replay.table import Table
from tests.support.builders import changed, make_block, make_table, make_uniform_table


def draw(table: Table, size: int) -> Sampled:
    answer = table.sample(size)
    assert isinstance(answer, Sampled)
    return answer


def all_boundaries(block: FragmentBlock) -> FragmentBlock:
    return changed(block, flags=np.full_like(block.flags, BOUNDARY))


def keys_and_probabilities(table: Table) -> dict[int, float]:
    sampled = draw(table, 500)
    return dict(zip(sampled.keys.tolist(), sampled.probabilities.tolist(), strict=True))


def test_an_insert_answers_with_its_items_and_the_newest_weights_version():
    """Two fragments of four starts are eight transitions; the version comes back as given."""
    assert make_table().insert(make_block(), weights_version=9) == Inserted(8, 9)


def test_boundary_rows_are_not_counted_as_inserted():
    """A fragment with an episode's end has one start less."""
    flags = np.zeros((2, 6), np.uint8)
    flags[0, 1:3] = TRUNCATED, BOUNDARY
    assert make_table().insert(make_block(flags=flags), 0) == Inserted(7, 0)


def test_a_sample_holds_what_was_inserted():
    """Every drawn item is a row of the block: its frames, action, version, n-step return."""
    block = make_block(streams=1, starts=4, overlap=2, lead=1, weights_version=5)
    table = make_table(frame_stack=2)
    table.insert(block, 0)
    sampled = draw(table, 64)
    rewards = block.rows["rewards"][0].astype(np.float64)
    start = sampled.keys  # one fragment in an empty table: the key is the row
    np.testing.assert_array_equal(block.rows["frames"][0, start - 1], sampled.columns["windows"][:, 0])
    np.testing.assert_array_equal(block.rows["frames"][0, start], sampled.columns["windows"][:, 1])
    np.testing.assert_array_equal(block.rows["frames"][0, start + 1], sampled.columns["windows"][:, 2])
    np.testing.assert_array_equal(block.rows["frames"][0, start + 2], sampled.columns["windows"][:, 3])
    assert sampled.columns["bootstrap_starts"].tolist() == [2] * 64
    np.testing.assert_array_equal(block.rows["actions"][0, start], sampled.columns["actions"])
    np.testing.assert_allclose(
        rewards[start] + 0.9 * rewards[start + 1], sampled.columns["rewards_n"], rtol=1e-6
    )
    np.testing.assert_allclose(np.full(64, 0.81), sampled.columns["discounts_n"], rtol=1e-6)
    assert sampled.columns["weights_versions"].tolist() == [5] * 64
    assert set(start.tolist()) == {1, 2, 3, 4}


def test_first_priorities_are_the_senders():
    """An item with three times the priority has three times the probability."""
    selector = Proportional(48, priority_exponent=1.0, smallest_priority=0.0)
    table = make_table(selector=selector)
    priorities = np.array([[1.0, 3.0, 0.0, 0.0], [0.0, 0.0, 0.0, 4.0]], np.float32)
    table.insert(make_block(priorities=priorities), 0)
    assert keys_and_probabilities(table) == {0: 0.125, 1: 0.375, 9: 0.5}


def test_priorities_stay_beside_their_starts_after_boundaries_and_lead():
    """The second of four starts is a boundary: the third start's priority is not taken for its own."""
    flags = np.zeros((1, 7), np.uint8)
    flags[0, 2] = BOUNDARY
    priorities = np.array([[1.0, 100.0, 3.0, 4.0]], np.float32)
    table = make_table(selector=Proportional(48, priority_exponent=1.0, smallest_priority=0.0))
    table.insert(make_block(streams=1, starts=4, overlap=2, lead=1, flags=flags, priorities=priorities), 0)
    assert keys_and_probabilities(table) == {1: 0.125, 3: 0.375, 4: 0.5}


@pytest.mark.parametrize("size", [1, 8, 9, 1000])
def test_a_batch_is_never_short(size: int):
    """Eight items serve a draw of any size, with replacement."""
    table = make_table()
    table.insert(make_block(), 0)
    sampled = draw(table, size)
    arrays = (*sampled.columns.values(), sampled.probabilities, sampled.keys)
    assert {len(array) for array in arrays} == {size}


def test_a_table_without_any_item_is_not_ready():
    """Episode-end rows may push out the last transition: nothing is left to draw, so nothing is drawn."""
    table = make_table(num_rows=6)
    assert table.sample(1) == NotReady(TableProgress(0, 0, 0.0))
    table.insert(make_block(streams=1), 0)
    table.insert(all_boundaries(make_block(streams=1)), 0)
    assert (table.stats().items, table.stats().evicted) == (0, 4)
    assert table.sample(1) == NotReady(TableProgress(4, 0, 0.0))
    assert table.stats().sampled == 0


def test_a_draw_counts_and_says_how_the_table_stands():
    """Inserted over its lifetime, items there, their mass."""
    table = make_uniform_table(num_rows=12)
    for sequence in range(3):
        table.insert(make_block(sequence=sequence), 0)
    assert draw(table, 5).progress == TableProgress(inserted=24, items=8, mass=8.0) == table.progress()
    assert table.stats().sampled == 5


def test_inserts_go_as_far_as_they_are_told():
    """The block that reaches the bound exactly goes in, the next one does not until the bound has moved."""
    table = make_table(insert_until=16)
    answers = [table.insert(make_block(sequence=sequence), 0) for sequence in range(3)]
    assert answers == [Inserted(8, 0), Inserted(8, 0), Throttled()]
    table.follow(23)
    assert table.insert(make_block(sequence=2), 0) == Throttled()
    table.follow(24)
    assert table.insert(make_block(sequence=2), 0) == Inserted(8, 0)


def test_an_earlier_bound_is_old_news():
    """What was allowed once stays allowed, however late an earlier answer comes."""
    table = make_table(insert_until=0)
    table.follow(8)
    table.follow(3)
    assert table.insert_until == 8
    assert table.insert(make_block(), 0) == Inserted(8, 0)


def test_a_throttled_insert_changes_nothing_but_its_counter():
    """The refusal is answered, counted, and leaves no row behind."""
    table = make_table(insert_until=15)
    table.insert(make_block(), 0)
    before, key = table.stats(), table.rows.next_key
    assert table.insert(make_block(sequence=1, episode_returns=np.ones(1, np.float32)), 0) == Throttled()
    assert replace(before, throttled=1) == table.stats()
    assert table.rows.next_key == key


def test_evictions_make_no_room_below_the_bound():
    """It counts what was ever put in, not what is there."""
    table = make_table(num_rows=12, insert_until=16)
    for sequence in range(2):
        assert table.insert(make_block(sequence=sequence), 0) == Inserted(8, 0)
    assert table.num_items == 8
    assert table.insert(make_block(sequence=2), 0) == Throttled()


def test_items_of_a_snapshot_are_no_inserts():
    """Restored transitions are counted apart, can be drawn, and use up nothing of the bound."""
    table = make_table(insert_until=8)
    rows = {name: table.rows.columns[name][:3].copy() for name in SETTLED}
    flags = np.array([ITEM, ITEM, 0], np.uint8)
    table.restore(rows, flags, np.ones(2, np.float32))
    assert (table.stats().restored, table.stats().inserted, table.num_items) == (2, 0, 2)
    assert draw(table, 4).keys.size == 4
    assert table.insert(make_block(), 0) == Inserted(8, 0)
    assert table.problem() is None


def test_new_priorities_change_the_probabilities():
    """All the mass goes to the one item whose priority is raised."""
    table = make_table(selector=Proportional(48, 1.0, smallest_priority=0.0))
    table.insert(make_block(), 0)
    keys = np.unique(draw(table, 500).keys)
    table.update_priorities(keys, np.array([0, 0, 5, 0, 0, 0, 0, 0], np.float32))
    assert keys_and_probabilities(table) == {int(keys[2]): 1.0}


def test_updates_of_evicted_items_are_counted_and_touch_nothing():
    """The slots hold newer items by now, whose probabilities stay as they are."""
    table = make_table(num_rows=12, seed=3)
    table.insert(make_block(), 0)
    old = np.unique(draw(table, 200).keys)
    table.insert(make_block(sequence=1), 0)
    before = keys_and_probabilities(table)
    table.update_priorities(old, np.full(old.size, 1e6, np.float32))
    assert table.stats().stale_updates == old.size == 8
    assert before == keys_and_probabilities(table)


def test_updates_of_a_cut_fragments_items_are_stale():
    """Their rows are still there, but no items: setting a priority would make one drawable again."""
    table = make_table(num_rows=12)
    table.insert(make_block(), 0)
    table.insert(make_block(streams=1, starts=1), 0)
    assert (table.num_items, table.stats().evicted) == (5, 4)
    table.update_priorities(np.array([3, 6]), np.array([1e6, 1.0], np.float32))
    assert table.stats().stale_updates == 1
    assert set(keys_and_probabilities(table)) == {6, 7, 8, 9, 12}


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf"), -1e-6])
def test_an_update_that_is_no_priority_is_counted_and_changes_nothing(bad: float):
    """A diverging learner spoils no item, and the good updates beside it are made."""
    table = make_table(selector=Proportional(48, 1.0, smallest_priority=0.0))
    table.insert(make_block(priorities=np.ones((2, 4), np.float32)), 0)
    table.update_priorities(np.array([0, 1, 2]), np.array([bad, 2.0, bad], np.float32))
    assert (table.stats().invalid_updates, table.stats().stale_updates) == (2, 0)
    probabilities = keys_and_probabilities(table)
    assert (probabilities[0], probabilities[1], probabilities[2]) == (1 / 9, 2 / 9, 1 / 9)


def test_an_update_with_live_and_stale_keys_reaches_the_live_ones():
    """One call may name both kinds: the stale is counted, the live is set."""
    table = make_table(num_rows=12, selector=Proportional(12, 1.0, smallest_priority=0.0))
    table.insert(make_block(), 0)
    table.insert(make_block(sequence=1, priorities=np.zeros((2, 4), np.float32)), 0)
    table.update_priorities(np.array([0, 13]), np.array([9.0, 2.0], np.float32))
    assert set(draw(table, 50).keys.tolist()) == {13}
    assert table.stats().stale_updates == 1


def test_inserted_is_stored_plus_evicted():
    """Fifteen blocks through a table that holds two and a bit; the books agree after each."""
    table = make_uniform_table(num_rows=29)
    for sequence in range(15):
        table.insert(make_block(sequence=sequence), 0)
        assert table.problem() is None
    stats = table.stats()
    assert stats.inserted == 15 * 8 == stats.items + stats.evicted


def test_problem_says_what_does_not_add_up():
    """A lost item is noticed, and a transition that arrived and went nowhere."""
    table = make_table()
    table.insert(make_block(), 0)
    table._counts["arrived"] += 1
    assert table.problem() == "arrived 9 is not inserted 8 + dropped 0"
    table.rows.flags[0] = 0
    assert table.problem() == "7 items are stored, the books say 8"


def test_problem_looks_into_the_rows():
    """What is wrong there is wrong here."""
    table = make_table()
    table.insert(make_block(), 0)
    table.rows.flags[0] |= BOUNDARY
    assert table.problem() == "an item starts at a boundary row or at the end of a fragment"


def test_episodes_are_counted_and_returns_and_lengths_of_the_last_hundred_averaged():
    """The means forget what lies more than a hundred episodes back."""
    table = make_table()
    stats = table.stats()
    assert (stats.episodes, stats.recent_return, stats.recent_length) == (0, None, None)
    for sequence, value in enumerate([1000.0, 2.0, 4.0]):
        returns = np.full(50, value, np.float32)
        table.insert(
            make_block(
                sequence=sequence,
                episode_returns=returns,
                episode_lengths=np.full(50, 10 + sequence, np.int32),
            ),
            0,
        )
    stats = table.stats()
    assert (stats.episodes, stats.recent_return, stats.recent_length) == (150, 3.0, 11.5)


def test_dropped_transitions_arrive_and_are_counted_by_reason():
    """Each reason has its own sum, in transitions; arrived is inserted plus dropped."""
    table = make_table()
    for reason in ("duplicate", "superseded", "duplicate"):
        table.drop(make_block(), reason)
    table.drop(all_boundaries(make_block()), "duplicate")
    table.insert(make_block(), 0)
    stats = table.stats()
    assert stats.dropped == {"duplicate": 16, "superseded": 8}
    assert (stats.inserted, stats.arrived) == (8, 32)
    assert table.problem() is None


def test_the_same_seed_draws_the_same_batches():
    """Two tables with the same history agree on every key, one with another seed does not."""
    tables = [make_table(seed=seed) for seed in (11, 11, 12)]
    for table in tables:
        table.insert(make_block(), 0)
    first, second, third = ([draw(table, 16).keys.tolist() for _ in range(5)] for table in tables)
    assert first == second != third


def test_memory_is_that_of_rows_and_selector():
    """48 rows of 25 bytes, and a sum tree of 64 leaves."""
    assert make_table(num_rows=48).nbytes == 48 * 25 + 2 * 64 * 8


def test_a_sample_uses_the_tables_returns():
    """Another discount, scale and clip give other returns of the same rows."""
    block = make_block(rewards=np.full((2, 6), 4.0, np.float32))
    table = make_table(returns=ReturnSpec(2, discount=0.5, reward_scale=10.0, reward_clip=2.0))
    table.insert(block, 0)
    sampled = draw(table, 8)
    assert (set(sampled.columns["rewards_n"].tolist()), set(sampled.columns["discounts_n"].tolist())) == (
        {30.0},
        {0.25},
    )


class Neighbours:
    """A cutter of another kind: the actions of a row and of the one after it."""

    def cut(self, rows: RowRing, slots: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        return {"pairs": rows.columns["actions"][np.stack([slots, slots + 1], axis=1)]}


def test_a_table_draws_what_its_cutter_cuts():
    """Pairs of actions in place of transitions, each beside the key of its first row."""
    table = make_table(cutter=Neighbours())
    block = make_block(streams=1, starts=4, overlap=1, actions=np.arange(5, dtype=np.int32)[None])
    table.insert(block, 0)
    sampled = draw(table, 64)
    assert set(sampled.columns) == {"pairs"}
    assert sampled.columns["pairs"].tolist() == [[key, key + 1] for key in sampled.keys.tolist()]
    assert set(sampled.keys.tolist()) == {0, 1, 2, 3}
