"""Env steps over several lives of a run: what shards that were kept have told before counts once."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from replay.client import LocalShardClient
from replay.messages import Pace, ShardStats
from tests.support.builders import make_shard
from tests.support.learning_builders import Delayed
from tests.support.status_builders import shard_stats, table_stats
from tests.unit.training.test_clocks import HandClock
from tests.unit.training.test_replay_monitor import insert, monitor_of, replaced
from training.names import life_number
from training.status.replay_counters import CountedSteps, ReplayMonitor


class Told(LocalShardClient):
    """A shard whose counters are said to it."""

    def __init__(self) -> None:
        super().__init__(make_shard(("a",)))
        self.answer: ShardStats = shard_stats()

    def stats(self) -> Delayed[ShardStats]:
        return Delayed(self.answer, lambda: True)


class TwoLives:
    """A run whose shards die and whose learner crashes, with books of every transition that was taken in."""

    def __init__(self) -> None:
        self.counts = [0, 0]
        self.lives = [0, 0]
        self.run_life = self.deaths = 0
        self.saved: tuple[int, list[CountedSteps]] = (0, [])
        self.checkpoint = self.saved
        self._begin()

    def _begin(self) -> None:
        self.clients = [Told() for _ in self.counts]
        self.monitor = ReplayMonitor(self.clients, HandClock(), self.saved[1])
        self.look()

    def look(self) -> int:
        """Read all counters; return the env steps of the run."""
        for index, client in enumerate(self.clients):
            counts = table_stats(inserted=self.counts[index], items=self.counts[index])
            client.answer = shard_stats(self.lives[index], a=counts)
        self.monitor.refresh()
        return self.saved[0] + self.monitor.env_steps("a")

    def save(self) -> None:
        """Write a checkpoint of what was heard of; it begins with the same counts as a fresh look."""
        self.checkpoint = (self.look(), self.monitor.counted())

    def crash(self) -> None:
        """Let another learner go on from the last checkpoint with the shards that are there."""
        self.saved = self.checkpoint
        self.run_life += 1
        self._begin()

    def die(self, shard: int) -> None:
        """Put a successor in the place of a shard; its life has a number of its own."""
        self.counts[shard] = 0
        self.deaths += 1
        self.lives[shard] = life_number(self.run_life, self.deaths)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.integers(0, 1), st.integers(1, 50)),
            st.sampled_from(["look", "save", "crash", "die 0", "die 1"]),
        ),
        max_size=40,
    )
)
def test_steps_of_shards_that_are_kept_count_once(script: list[tuple[int, int] | str]):
    """Held against books of every step: which were heard of, and which a checkpoint and a shard still tell.

    What a shard took in before the checkpoint is in it; what it took in since is told by the shard itself, if
    it lives on. Only what was on a shard that died is forgotten with the learner that crashed.
    """
    run = TwoLives()
    steps: list[dict[str, Any]] = []
    saved: set[int] | None = None
    heard: set[int] = set()
    for what in script:
        alive = {number for number, step in enumerate(steps) if step["alive"]}
        match what:
            case (shard, count):
                steps += [{"shard": shard, "alive": True} for _ in range(count)]
                run.counts[shard] += count
                continue
            case "look":
                heard |= alive
            case "save":
                run.save()
                heard |= alive
                saved = set(heard)
            case "crash":
                run.crash()
                heard = (saved or set()) | alive
            case _:
                shard = int(what[-1])
                for step in steps:
                    step["alive"] = step["alive"] and step["shard"] != shard
                run.die(shard)
                continue
        assert run.look() == len(heard)


def test_of_weights_versions_the_newest_counts_that_any_shard_heard_of():
    """A shard is told with every question; before any answer nobody has heard of one."""
    shards = make_shard(("a",)), make_shard(("a",))
    monitor, _ = monitor_of(*shards)
    assert monitor.weights_version() == 0
    for shard, version in zip(shards, (9, 4), strict=True):
        shard.follow("a", Pace(weights_version=version, insert_until=0))
    monitor.refresh()
    assert monitor.weights_version() == 9


def test_what_was_counted_is_told_of_the_shards_that_are_there():
    """By shard, life and task, so that a later learner knows what to leave out."""
    shards = replaced(3), make_shard(("b",))
    monitor, _ = monitor_of(*shards)
    insert(shards[0], "a", 0)
    monitor.refresh()
    counted = [CountedSteps(0, 3, {"a": 8}), CountedSteps(1, 0, {"b": 0})]
    assert monitor.counted() == counted
    insert(shards[0], "a", 1)
    later = ReplayMonitor([LocalShardClient(shard) for shard in shards], HandClock(), counted)
    later.refresh()
    assert (later.env_steps(), later.tables()["a"].inserted) == (8, 16)
