"""Priorities reach their items in every life of a run, and what an earlier life was told touches nothing."""

from pathlib import Path

import numpy as np
import pytest

from config.sections.replay import ReplayConfig
from replay.fragment import empty_block
from replay.keys import SHARDS
from replay.rate_limiter import NO_LIMIT
from replay.row import table_shape
from replay.shard import Shard
from tests.support.builders import collected, make_router
from tests.support.learning_builders import tiny_parts
from tests.support.snapshots import save
from training.names import life_number

TASK = "identity"
LIVES = [0, 255, 256, 1023, 1024, 131_072, 2**31 - 1]


def shard_of_life(run_life: int, life: int = 0, rows: int = 8, directory: Path | None = None) -> Shard:
    """Return the shard of a run's life, with a block inserted."""
    parts = tiny_parts("replay.selector=proportional", run_life=run_life, replay_directory=directory)
    shard, spec = parts.replay.shard(0, life), parts.specs[1]
    table = shard.tables[TASK]
    table.follow(NO_LIMIT)
    if directory is not None:
        parts.replay.restore(shard, 0)
    if rows:
        table.insert(empty_block(table_shape(spec), spec.frame_stack - 1, rows), 0)
    return shard


def updates_lost(giver: Shard, taker: Shard) -> int:
    """Draw from as many shards as keys have room for; return how many updates miss what came after them."""
    router = make_router([giver] * SHARDS, tasks=[TASK])
    router.request(TASK, 1, weights_version=0)
    draw = router.request(TASK, 4 * SHARDS, weights_version=0)
    keys = collected(router, draw).keys
    priorities = np.full(len(keys), 7.0, np.float32)
    make_router([taker] * SHARDS, tasks=[TASK]).update_priorities(TASK, keys, priorities)
    return taker.tables[TASK].stats().stale_updates


@pytest.mark.parametrize("life", [0, 1, 255, 1024, 70_000])
@pytest.mark.parametrize("run_life", LIVES)
def test_priorities_reach_their_items_in_every_life(run_life: int, life: int):
    """Whichever shard of how many it is."""
    shard = shard_of_life(run_life, life)
    before = shard.tables[TASK].stats().mass
    assert updates_lost(shard, shard) == 0
    assert shard.tables[TASK].stats().mass > 2 * before


@pytest.mark.parametrize("run_life", LIVES)
def test_priorities_reach_items_that_were_restored(run_life: int, tmp_path: Path):
    """From the snapshot of the life before it, beside new ones."""
    earlier = shard_of_life(run_life)
    writer = tiny_parts(run_life=run_life, replay_directory=tmp_path).replay.snapshot_writer(0)
    assert writer is not None
    save(writer, earlier.tables)
    later = shard_of_life(run_life + 1, directory=tmp_path)
    stats = later.tables[TASK].stats()
    assert (stats.restored > 0, stats.inserted > 0) == (True, True)
    assert updates_lost(later, later) == 0


@pytest.mark.parametrize(("then", "life"), [(0, 1), (1, 0), (1, 1)])
@pytest.mark.parametrize("run_life", LIVES)
def test_what_an_earlier_life_was_told_touches_nothing(run_life: int, then: int, life: int):
    """Neither a successor within the run's life nor a shard of the next one."""
    assert updates_lost(shard_of_life(run_life), shard_of_life(run_life + then, life)) > 0


def test_every_shard_that_may_be_asked_for_has_room():
    """The configuration allows no more shards than keys do."""
    [bound] = [rule.le for rule in ReplayConfig.model_fields["shards"].metadata if hasattr(rule, "le")]
    assert bound <= SHARDS


def test_numbers_of_lives_grow_and_fit_into_64_bits():
    """Over lives of a run and of a process within each: messages carry them."""
    numbers = [
        life_number(run_life, life)
        for run_life in (0, 1, 1024, 2**31 - 1)
        for life in (0, 1, 10**6, 2**32 - 1)
    ]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] < 2**63
