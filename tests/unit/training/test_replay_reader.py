"""How a task's replay stands: the measured ratio, what is lost, how old the weights are that act."""

from typing import Any

import pytest

from replay.client import LocalShardClient
from replay.messages import ShardStats
from tests.support.builders import make_router, make_shard
from tests.support.learning_builders import Delayed, tiny_config, tiny_parts
from tests.support.status_builders import shard_stats, table_stats
from tests.unit.training.test_clocks import HandClock
from training.local.shards import LocalShards
from training.shard_supervision import ShardKeeper
from training.status.replay_counters import ReplayMonitor
from training.status.replay_status import ReplayReader, TaskReplay


class Told(LocalShardClient):
    """A shard whose counters are said to it."""

    def __init__(self, told: ShardStats) -> None:
        super().__init__(make_shard())
        self._told = told

    def stats(self) -> Delayed[ShardStats]:
        return Delayed(self._told, lambda: True)


def replay_of(version: int = 32, lost: int = 0, **changes: Any) -> TaskReplay:
    """Return how a task stands of which a shard has told these counters."""
    client = Told(shard_stats(chain=table_stats(**changes)))
    monitor = ReplayMonitor([client], HandClock())
    monitor.refresh()
    router = make_router([client])
    router.lost["chain"] += lost
    keeper = ShardKeeper(LocalShards(tiny_parts()), router)
    return ReplayReader(tiny_config().replay, {"chain": 512}, monitor, router, keeper).tasks(version)["chain"]


@pytest.mark.parametrize(("inserted", "expected"), [(100, 8.0), (64, None), (0, None)])
def test_the_measured_ratio_leaves_out_what_fills_the_table(inserted: int, expected: float | None):
    """64 items fill the tiny tables before sampling: 288 samples over 100 - 64 items are 8 each."""
    assert replay_of(inserted=inserted, sampled=288).samples_per_insert == expected


@pytest.mark.parametrize(
    ("restored", "expected"), [(0, 8.0), (20, 288 / 56), (64, 2.88), (500, 2.88)], ids=str
)
def test_what_a_snapshot_brought_fills_the_table_too(restored: int, expected: float):
    """Restored items count towards the 64, so that as many more inserts are owed samples."""
    replay = replay_of(inserted=100, sampled=288, restored=restored)
    assert replay.samples_per_insert == pytest.approx(expected)


@pytest.mark.parametrize(("acting", "expected"), [(30, 2), (32, 0), (None, None)])
def test_how_old_acting_weights_are_counts_in_versions_published_since(
    acting: int | None, expected: int | None
):
    """Of the block that came in last, by the newest version; None before the first block."""
    assert replay_of(version=32, acting_version=acting).acting_staleness == expected


def test_what_is_known_besides_is_passed_on():
    """Counters, capacity, the ratio that is kept, and what was on shards that died."""
    replay = replay_of(lost=12)
    assert replay.table == table_stats(mass=replay.table.mass)
    assert (replay.replay_capacity, replay.samples_per_insert_target, replay.lost) == (512, 16.0, 12)
