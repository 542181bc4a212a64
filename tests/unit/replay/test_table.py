"""A table: inserts, draws, refusals to be early, priorities, counters."""

from dataclasses import replace

import numpy as np
import pytest

from replay.fragment import BOUNDARY, TRUNCATED, FragmentBlock
from replay.messages import Inserted, NotReady, Sampled, Throttled
from replay.rate_limiter import RateLimiter
from replay.selector import Proportional
from replay.table import Table
from tests.support.builders import make_block, make_table, make_uniform_table


def draw(table: Table, size: int) -> Sampled:
    answer = table.sample(size)
    assert isinstance(answer, Sampled)
    return answer


def all_boundaries(block: FragmentBlock) -> FragmentBlock:
    return replace(block, flags=np.full_like(block.flags, BOUNDARY))


def test_an_insert_answers_with_its_items_and_the_newest_weights_version():
    """Two fragments of four starts are eight transitions; the version comes back as given."""
    assert make_table().insert(make_block(), weights_version=9) == Inserted(8, 9)


def test_boundary_rows_are_not_counted_as_inserted():
    """A fragment with an episode's end has one start less."""
    flags = np.zeros((2, 6), np.uint8)
    flags[0, 1:3] = TRUNCATED, BOUNDARY
    assert make_table().insert(make_block(flags=flags), 0) == Inserted(7, 0)


def test_a_sample_holds_what_was_inserted():
    """Every drawn item is a row of the block: its observation, action, version, n-step return and next."""
    block = make_block(streams=1, starts=4, overlap=2, weights_version=5)
    table = make_table()
    table.insert(block, 0)
    sampled = draw(table, 64)
    rewards = block.rewards[0].astype(np.float64)
    start = sampled.keys  # one fragment in an empty table: the key is the row
    np.testing.assert_array_equal(block.observations[0, start], sampled.observations)
    np.testing.assert_array_equal(block.observations[0, start + 2], sampled.next_observations)
    np.testing.assert_array_equal(block.actions[0, start], sampled.actions)
    np.testing.assert_allclose(rewards[start] + 0.9 * rewards[start + 1], sampled.rewards_n, rtol=1e-6)
    np.testing.assert_allclose(np.full(64, 0.81), sampled.discounts_n, rtol=1e-6)
    assert sampled.weights_versions.tolist() == [5] * 64
    assert (sampled.num_items, set(start.tolist())) == (4, {0, 1, 2, 3})


def test_first_priorities_are_the_senders():
    """An item with three times the priority has three times the probability."""
    selector = Proportional(48, priority_exponent=1.0, smallest_priority=0.0)
    table = make_table(selector=selector)
    priorities = np.array([[1.0, 3.0, 0.0, 0.0], [0.0, 0.0, 0.0, 4.0]], np.float32)
    table.insert(make_block(priorities=priorities), 0)
    sampled = draw(table, 200)
    probability_of_key = dict(zip(sampled.keys.tolist(), sampled.probabilities.tolist(), strict=True))
    assert probability_of_key == {0: 0.125, 1: 0.375, 9: 0.5}


@pytest.mark.parametrize("size", [1, 8, 9, 1000])
def test_a_batch_is_never_short(size: int):
    """Eight items serve a draw of any size, with replacement."""
    table = make_table()
    table.insert(make_block(), 0)
    sampled = draw(table, size)
    lengths = {len(value) for name, value in vars(sampled).items() if name != "num_items"}
    assert lengths == {size}


def test_before_the_minimum_a_table_is_not_ready():
    """Seven of eight wanted items are too few, the eighth makes it ready."""
    table = make_table(limiter=RateLimiter(None, min_size_to_sample=8, error_buffer=0.0))
    assert table.sample(1) == NotReady()
    flags = np.zeros((2, 6), np.uint8)
    flags[0, 1:3] = TRUNCATED, BOUNDARY
    table.insert(make_block(flags=flags), 0)
    assert table.sample(1) == NotReady()
    table.insert(make_block(streams=1, starts=1), 0)
    assert isinstance(table.sample(1), Sampled)


def test_a_table_without_any_item_is_not_ready():
    """Episode-end rows may push out the last transition: nothing is left to draw, so nothing is drawn."""
    table = make_table(num_rows=6)
    table.insert(make_block(streams=1), 0)
    table.insert(all_boundaries(make_block(streams=1)), 0)
    assert (table.stats().items, table.stats().evicted) == (0, 4)
    assert table.sample(1) == NotReady()


def test_a_throttled_insert_changes_nothing_but_its_counter():
    """The limiter's refusal is answered, counted, and leaves no row behind."""
    table = make_table(limiter=RateLimiter(1.0, min_size_to_sample=8, error_buffer=7.0))
    table.insert(make_block(), 0)
    before = table.stats()
    assert table.insert(make_block(sequence=1), 0) == Throttled()
    assert replace(before, throttled=1) == table.stats()


def test_a_held_back_sample_is_not_ready_and_is_not_counted():
    """A draw below the band leaves the counters as they are; a smaller one passes."""
    table = make_table(limiter=RateLimiter(1.0, min_size_to_sample=8, error_buffer=7.0))
    table.insert(make_block(), 0)
    assert table.sample(8) == NotReady()
    assert table.stats().sampled == 0
    assert draw(table, 7).keys.size == 7
    assert table.stats().sampled == 7


def test_new_priorities_change_the_probabilities():
    """All the mass goes to the one item whose priority is raised."""
    table = make_table(selector=Proportional(48, 1.0, smallest_priority=0.0))
    table.insert(make_block(), 0)
    keys = np.unique(draw(table, 500).keys)
    table.update_priorities(keys, np.array([0, 0, 5, 0, 0, 0, 0, 0], np.float32))
    sampled = draw(table, 50)
    assert (set(sampled.keys.tolist()), set(sampled.probabilities)) == ({int(keys[2])}, {1.0})


def test_updates_of_evicted_items_are_counted_and_touch_nothing():
    """The slots hold newer items by now, whose probabilities stay as they are."""
    table = make_table(num_rows=12, seed=3)
    table.insert(make_block(), 0)
    old = np.unique(draw(table, 200).keys)
    table.insert(make_block(sequence=1), 0)
    before = dict(zip(*_keys_and_probabilities(table), strict=True))
    table.update_priorities(old, np.full(old.size, 1e6, np.float32))
    assert table.stats().stale_updates == old.size == 8
    assert before == dict(zip(*_keys_and_probabilities(table), strict=True))


def _keys_and_probabilities(table: Table) -> tuple[list[int], list[float]]:
    sampled = draw(table, 500)
    return sampled.keys.tolist(), sampled.probabilities.tolist()


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
    """A lost item is noticed."""
    table = make_table()
    table.insert(make_block(), 0)
    table._rows.keys[0] = -1
    assert table.problem() == "inserted 8 is not stored 7 + evicted 0"


def test_episodes_are_counted_and_their_last_hundred_returns_averaged():
    """The mean forgets what lies more than a hundred episodes back."""
    table = make_table()
    assert (table.stats().episodes, table.stats().recent_return) == (0, None)
    for sequence, value in enumerate([1000.0, 2.0, 4.0]):
        returns = np.full(50, value, np.float32)
        table.insert(
            make_block(sequence=sequence, episode_returns=returns, episode_lengths=np.ones(50, np.int32)), 0
        )
    assert (table.stats().episodes, table.stats().recent_return) == (150, 3.0)


def test_dropped_transitions_are_counted_by_reason():
    """Each reason has its own sum, in transitions."""
    table = make_table()
    for reason in ("duplicate", "superseded", "duplicate"):
        table.drop(make_block(), reason)
    assert table.stats().dropped == {"duplicate": 16, "superseded": 8}
    assert table.stats().inserted == 0


def test_the_same_seed_draws_the_same_batches():
    """Two tables with the same history agree on every key."""
    tables = [make_table(seed=11) for _ in range(2)]
    for table in tables:
        table.insert(make_block(), 0)
    first, second = ([draw(table, 16).keys.tolist() for _ in range(5)] for table in tables)
    assert first == second
