"""The replay monitor: counters of all shards, of those that were replaced too, by a clock set by hand."""

import math
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.client import LocalShardClient, Reply
from replay.messages import ShardStats, TableStats
from replay.shard import Shard
from replay.wire import encode_block
from tests.support.builders import FREELY, make_block, make_shard, make_table
from tests.support.learning_builders import Delayed
from tests.support.status_builders import shard_stats, table_stats
from tests.unit.training.mortal_runtime import MortalClient
from tests.unit.training.test_clocks import HandClock
from training.status.replay_counters import ReplayMonitor, merged


class SlowStats(LocalShardClient):
    """A shard that answers only so many of the questions for its counters; it counts them."""

    def __init__(self, shard: Shard, answers: float = math.inf) -> None:
        super().__init__(shard)
        self.answers = answers
        self.questions = 0

    def stats(self) -> Reply[ShardStats]:
        self.questions += 1
        number = self.questions
        return Delayed(super().stats().result(), lambda: number <= self.answers)


def insert(shard: Shard, task: str, sequence: int, **changes: Any) -> None:
    shard.insert(encode_block(make_block(task, sequence=sequence, **changes)))


def monitor_of(*shards: Shard) -> tuple[ReplayMonitor, HandClock]:
    clock = HandClock()
    return ReplayMonitor([LocalShardClient(shard) for shard in shards], clock), clock


def test_before_anything_arrives_there_are_zeros():
    """No env steps, no training time."""
    monitor, clock = monitor_of(make_shard(("a", "b")))
    assert (monitor.tables(), monitor.env_steps(), monitor.complete) == ({}, 0, False)
    clock.now += 4.0
    monitor.refresh()
    assert (monitor.env_steps(), monitor.seconds_since_first()) == (0, 0.0)
    assert monitor.complete


@pytest.mark.parametrize("start", [100.0, 0.0])
def test_training_time_counts_from_the_first_arrival(start: float):
    """Later arrivals, on whatever shard, change nothing."""
    shards = make_shard(("a", "b")), make_shard(("b",))
    monitor, clock = monitor_of(*shards)
    clock.now = start
    insert(shards[0], "a", 0)
    monitor.refresh()
    clock.now += 5.0
    insert(shards[1], "b", 0)
    monitor.refresh()
    clock.now += 1.0
    monitor.refresh()
    assert (monitor.env_steps(), monitor.env_steps("a"), monitor.env_steps("b")) == (16, 8, 8)
    assert monitor.seconds_since_first() == 6.0


def test_one_question_to_each_shard_is_under_way_at_a_time():
    """While an answer is missing, that shard is asked nothing; the others' counters come all the same."""
    slow, quick = SlowStats(make_shard(("a",)), answers=0), SlowStats(make_shard(("a",)))
    monitor = ReplayMonitor([slow, quick], HandClock())
    insert(slow._shard, "a", 0)
    insert(quick._shard, "a", 0)
    for _ in range(5):
        monitor.refresh()
    assert (slow.questions, quick.questions) == (1, 5)
    assert (monitor.complete, monitor.env_steps()) == (False, 8)
    slow.answers = 1
    monitor.refresh()
    assert (slow.questions, monitor.complete, monitor.env_steps()) == (1, True, 16)


def test_settling_gets_counters_that_are_newer_than_the_call():
    """An answer that was already on its way may be old; settling asks once more."""
    shard = make_shard(("a",))
    client = SlowStats(shard, answers=0)
    monitor = ReplayMonitor([client], HandClock())
    monitor.refresh()
    insert(shard, "a", 0)
    client.answers = 2
    assert monitor.settle(timeout_seconds=0.0)
    assert monitor.env_steps() == 8


def test_settling_gives_up_in_the_end():
    """A shard that does not answer leaves the counters as they were; the others' are new."""
    silent, shard = SlowStats(make_shard(("a",)), answers=0), make_shard(("a",))
    monitor = ReplayMonitor([silent, LocalShardClient(shard)], HandClock())
    insert(shard, "a", 0)
    assert not monitor.settle(timeout_seconds=0.0)
    assert not monitor.complete
    assert monitor.env_steps() == 8


def test_an_answer_that_was_under_way_does_not_pass_for_a_new_one():
    """It may be older than the call: with no other after it, not everything was heard."""
    shard = make_shard(("a",))
    client = SlowStats(shard, answers=0)
    monitor = ReplayMonitor([client], HandClock())
    monitor.refresh()
    insert(shard, "a", 0)
    client.answers = 1
    assert not monitor.settle(timeout_seconds=0.0)


def test_counters_of_a_task_are_summed_over_its_shards():
    """Every count is the sum of the shards' own; a task may lie on some of them only."""
    shards = [make_shard(("a", "b"), num_rows=24), make_shard(("a",), num_rows=24), make_shard(("b",))]
    for number, shard in enumerate(shards):
        for sequence in (*range(number + 2), 0):
            for task in shard.tables:
                insert(shard, task, sequence)
        for task in shard.tables:
            shard.sample(task, 10 + number, FREELY)
    monitor, _ = monitor_of(*shards)
    monitor.refresh()
    found = monitor.tables()
    for task, where in {"a": (0, 1), "b": (0, 2)}.items():
        parts = [shards[index].tables[task].stats() for index in where]
        for name in ("items", "arrived", "inserted", "evicted", "sampled"):
            assert getattr(found[task], name) == sum(getattr(part, name) for part in parts), name
        assert found[task].mass == pytest.approx(sum(part.mass for part in parts))
        assert found[task].dropped == {"duplicate": 16}
    assert found["a"].inserted != found["b"].inserted
    assert monitor.shards() == {index: shard.stats() for index, shard in enumerate(shards)}


def test_no_counter_is_forgotten_when_counters_are_merged():
    """Numbers add up, reasons add up; recent return and length are means over shards that have them."""
    one = table_stats(
        dropped={"duplicate": 3, "superseded": 1}, recent_return=2.0, recent_length=10.0, acting_version=4
    )
    other = table_stats(dropped={"duplicate": 4}, recent_return=5.0, recent_length=20.0, acting_version=9)
    found = merged([one, other, table_stats(recent_return=None, recent_length=None, acting_version=None)])
    for field in fields(TableStats):
        if field.name not in ("dropped", "recent_return", "recent_length", "acting_version"):
            assert getattr(found, field.name) == 3 * getattr(one, field.name), field.name
    assert found.dropped == {"duplicate": 15, "superseded": 1}
    assert (found.recent_return, found.recent_length) == (3.5, 15.0)
    assert found.acting_version == 9
    unheard = merged([table_stats(recent_return=None, recent_length=None, acting_version=None)])
    assert (unheard.recent_return, unheard.recent_length, unheard.acting_version) == (None, None, None)


def test_recent_episodes_count_alike_on_whatever_shard_they_are():
    """A shard on which one episode has ended counts for one, and one with thousands for its last 100."""
    busy = table_stats(episodes=5000, recent_return=10.0, recent_length=40.0)
    idle = table_stats(episodes=1, recent_return=-91.0, recent_length=141.0)
    found = merged([busy, idle])
    assert (found.recent_return, found.recent_length) == pytest.approx((9.0, 41.0))


def replaced(life: int) -> Shard:
    return Shard({"a": make_table("a")}, life)


def test_counters_of_a_replaced_shard_stay_and_its_items_do_not():
    """What arrived has arrived; what can be drawn is what the successor holds."""
    first, second = replaced(0), replaced(1)
    client = MortalClient(first)
    monitor = ReplayMonitor([client, LocalShardClient(make_shard(("a",)))], HandClock())
    for sequence in (0, 1, 1):
        insert(first, "a", sequence, actor="a-0")
    first.sample("a", 5, FREELY)
    first.insert(b"nonsense")
    monitor.refresh()
    client.dead = True
    insert(first, "a", 2, actor="a-0")
    monitor.refresh()
    monitor.refresh()
    assert monitor.tables()["a"].items == 16
    client.dead, client._shard = False, second
    insert(second, "a", 3, actor="a-0")
    insert(second, "a", 0, actor="a-1")
    second.insert(b"nonsense")
    monitor.refresh()
    found = monitor.tables()["a"]
    assert (found.items, found.inserted, found.arrived, found.sampled) == (16, 32, 40, 5)
    assert found.dropped == {"duplicate": 8}
    assert found.mass == pytest.approx(second.tables["a"].selector.mass)
    assert (monitor.env_steps("a"), monitor.refused_blocks()) == (32, 2)
    assert monitor.items_by_life() == {("a-0", 1): 24, ("a-1", 1): 8}


def test_a_later_reading_of_the_same_life_takes_the_place_of_the_earlier():
    """Only a later life closes the books of the one before it."""
    shard = replaced(0)
    client = MortalClient(shard)
    monitor = ReplayMonitor([client], HandClock())
    for sequence in range(3):
        insert(shard, "a", sequence)
        monitor.refresh()
    assert monitor.env_steps("a") == 24


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 50), st.booleans()), max_size=30))
def test_sums_never_go_back(script: list[tuple[int, int, bool]]):
    """Whatever shards come and go, env steps and counts only grow, and end as all that was ever read."""
    lives = [0, 0, 0]
    inserted = [0, 0, 0]
    read_of_dead = 0
    answers: list[ShardStats] = [shard_stats(0, a=table_stats(inserted=0, items=0)) for _ in range(3)]

    class Scripted(MortalClient):
        def __init__(self, index: int) -> None:
            self.index = index

        def stats(self) -> Delayed[ShardStats]:
            return Delayed(answers[self.index], lambda: True)

    monitor = ReplayMonitor([Scripted(index) for index in range(3)], HandClock())
    last = 0
    for index, more, dies in script:
        if dies:
            read_of_dead += inserted[index]
            lives[index], inserted[index] = lives[index] + 1, 0
        inserted[index] += more
        counts = table_stats(inserted=inserted[index], items=inserted[index])
        answers[index] = shard_stats(lives[index], {("a-0", 0): inserted[index]}, a=counts)
        monitor.refresh()
        assert monitor.env_steps() >= last
        last = monitor.env_steps()
        assert last == read_of_dead + sum(inserted) == monitor.items_by_life()["a-0", 0]
        assert monitor.tables()["a"].items == sum(inserted)
