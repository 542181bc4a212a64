"""Fills a shard to the brim in a process of its own, and says how much memory that took: see `main`."""

import gc
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from config.memory import fragment_rows, table_plans
from replay.fragment import FragmentBlock
from replay.messages import Inserted, Sampled
from replay.table import Table
from tests.support.builders import FREELY, make_block
from tests.support.learning_builders import tiny_config
from tests.support.resolution import resolve_specs
from training.parts.parts import Parts

STREAMS = 512


def resident_bytes() -> int:
    """Return the memory of this process that is really there."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def block_for(parts: Parts, task: str, length: int) -> FragmentBlock:
    """Return a block of many fragments for a task's table."""
    spec = next(spec for spec in parts.specs if spec.name == task)
    overlap = fragment_rows(parts.config, spec) - spec.frame_stack + 1 - length
    return make_block(
        task,
        STREAMS,
        length,
        overlap,
        spec.frame_stack - 1,
        frame_shape=spec.frame_shape,
        frame_dtype=spec.frame_dtype,
        rng=np.random.default_rng(1),
    )


def fill(table: Table, block: FragmentBlock) -> None:
    """Insert until every row was written and overwritten once more."""
    rows = 0
    while rows < table.rows.num_rows + block.rows["actions"].size:
        assert isinstance(table.insert(replace(block, sequence=rows), 0), Inserted)
        rows += block.rows["actions"].size


def main() -> None:
    """Print what the plan says, and by how much the process grew; arguments are overrides."""
    config = tiny_config(*sys.argv[1:])
    parts = Parts(config, resolve_specs(config))
    one_block = [
        f"tasks.{task}.{field}"
        for task in config.tasks
        for field in ("capacity=1", f"envs_per_actor={STREAMS}")
    ]
    small = Parts(tiny_config(*sys.argv[1:], *one_block), parts.specs)
    blocks = {spec.name: block_for(parts, spec.name, config.actors.fragment_length) for spec in parts.specs}
    for built in (small, parts):
        before = resident_bytes()
        shard = built.replay.shard(0)
        for task, table in shard.tables.items():
            table.follow(FREELY.insert_until)
            fill(table, blocks[task])
            assert isinstance(table.sample(1000), Sampled)
    grown = resident_bytes() - before
    assert shard.problem() is None
    planned = {plan.task: plan.bytes for plan in table_plans(config, parts.specs)}
    sys.stdout.write(json.dumps({"planned": planned, "grown": grown}))


if __name__ == "__main__":
    main()
