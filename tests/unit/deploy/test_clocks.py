"""Phase times and the replay monitor, by a clock that is set by hand."""

import pytest

from deploy.phases import PhaseTimes
from deploy.replay_monitor import ReplayMonitor
from replay.client import LocalShardClient, Reply
from replay.messages import ShardStats
from replay.shard import Shard
from replay.wire import encode_block
from tests.support.builders import make_block, make_shard
from tests.support.learning_builders import Delayed


class HandClock:
    """A clock that stands until it is set."""

    def __init__(self, now: float = 100.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class SlowStats(LocalShardClient):
    """A shard whose counters arrive only while `open`; it counts the questions."""

    def __init__(self, shard: Shard) -> None:
        super().__init__(shard)
        self.open = True
        self.questions = 0

    def stats(self) -> Reply[ShardStats]:
        self.questions += 1
        return Delayed(super().stats().result(), lambda: self.open)


def insert(shard: Shard, task: str, sequence: int) -> None:
    shard.insert(encode_block(make_block(task, sequence=sequence)))


def test_all_time_goes_to_the_phase_that_ends():
    """Marks add up by phase, and the phases together are all the time that passed."""
    clock = HandClock()
    phases = PhaseTimes(clock, ("waiting", "update"))
    for phase, seconds in [("waiting", 2.0), ("update", 3.0), ("waiting", 0.5), ("update", 1.0)]:
        clock.now += seconds
        phases.mark(phase)
    assert phases.seconds == {"waiting": 2.5, "update": 4.0}
    assert sum(phases.seconds.values()) == clock.now - 100.0


def test_a_restart_forgets_what_was():
    """Time before it belongs to no phase."""
    clock = HandClock()
    phases = PhaseTimes(clock, ("waiting", "update"))
    clock.now += 50.0
    phases.mark("waiting")
    clock.now += 7.0
    phases.restart()
    clock.now += 1.0
    phases.mark("update")
    assert phases.seconds == {"waiting": 0.0, "update": 1.0}


def test_an_unknown_phase_is_an_error():
    """A misspelt phase would hide time."""
    with pytest.raises(KeyError):
        PhaseTimes(HandClock(), ("waiting",)).mark("wating")


def test_before_anything_arrives_there_are_zeros():
    """No env steps, no training time; silence counts from the start."""
    clock = HandClock()
    monitor = ReplayMonitor(LocalShardClient(make_shard(("a", "b"))), clock)
    assert (monitor.stats, monitor.env_steps()) == (None, 0)
    clock.now += 4.0
    monitor.refresh()
    assert (monitor.env_steps(), monitor.seconds_since_first(), monitor.seconds_since_last()) == (0, 0.0, 4.0)


@pytest.mark.parametrize("start", [100.0, 0.0])
def test_training_time_counts_from_the_first_arrival(start: float):
    """Later arrivals move only the time of the last one."""
    clock, shard = HandClock(start), make_shard(("a", "b"))
    monitor = ReplayMonitor(LocalShardClient(shard), clock)
    insert(shard, "a", 0)
    monitor.refresh()
    clock.now += 5.0
    insert(shard, "b", 0)
    monitor.refresh()
    clock.now += 1.0
    monitor.refresh()
    assert (monitor.env_steps(), monitor.env_steps("a"), monitor.env_steps("b")) == (16, 8, 8)
    assert (monitor.seconds_since_first(), monitor.seconds_since_last()) == (6.0, 1.0)


def test_one_question_is_under_way_at_a_time():
    """While the answer is missing, refreshing asks nothing and changes nothing."""
    shard = make_shard(("a",))
    client = SlowStats(shard)
    monitor = ReplayMonitor(client, HandClock())
    client.open = False
    insert(shard, "a", 0)
    for _ in range(5):
        monitor.refresh()
    assert (client.questions, monitor.stats) == (1, None)
    client.open = True
    monitor.refresh()
    assert (client.questions, monitor.env_steps()) == (1, 8)


def test_settling_gets_counters_that_are_newer_than_the_call():
    """An answer that was already on its way may be old; settling asks once more."""
    shard = make_shard(("a",))
    client = SlowStats(shard)
    monitor = ReplayMonitor(client, HandClock())
    client.open = False
    monitor.refresh()
    insert(shard, "a", 0)
    client.open = True
    monitor.settle(timeout_seconds=0.0)
    assert monitor.env_steps() == 8


def test_settling_gives_up_in_the_end():
    """A shard that does not answer leaves the counters as they were."""
    client = SlowStats(make_shard(("a",)))
    client.open = False
    monitor = ReplayMonitor(client, HandClock())
    monitor.settle(timeout_seconds=0.0)
    assert monitor.stats is None
