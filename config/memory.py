"""The replay plan: where each task's table lies, how much it holds, and what memory it takes."""

import math
import os
from dataclasses import dataclass
from pathlib import Path

from config.schema import RunConfig
from config.values import parse_bytes
from replay.row import row_bytes, table_shape
from replay.selectors.table import SELECTORS
from tasks.spec import TaskSpec

_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Of the container, in the second and the first version of control groups."""


@dataclass(frozen=True)
class TablePlan:
    """One task's replay.

    Attributes:
        task: its name.
        shards: indices of the shards that hold a part of it.
        transitions: that it keeps, over all shards.
        rows: of its table on each shard.
        bytes: that it takes, over all shards.
    """

    task: str
    shards: list[int]
    transitions: int
    rows: int
    bytes: int


def table_plans(config: RunConfig, specs: list[TaskSpec]) -> list[TablePlan]:
    """Plan every task's table. Tasks with fewer shards than there are begin where the last one ended."""
    plans: list[TablePlan] = []
    first = 0
    for spec in specs:
        count = num_shards(config, spec.name)
        shards = sorted((first + i) % config.replay.shards for i in range(count))
        plans.append(_plan(config, spec, shards))
        first += count
    return plans


def num_shards(config: RunConfig, task: str) -> int:
    """Return over how many shards a task is spread: as many as have an actor, unless it says otherwise."""
    most, settings = config.replay.shards, config.tasks[task]
    return min(most, settings.shards or settings.actors or most)


def fragment_rows(config: RunConfig, spec: TaskSpec) -> int:
    """Return the rows of one fragment: what a frame stack reaches back to, starts, and an n-step overlap."""
    return spec.frame_stack - 1 + config.actors.fragment_length + config.replay.n_step


def slot_bytes(config: RunConfig, spec: TaskSpec) -> int:
    """Return the memory that each row of a task's table takes: its columns, and its place in the selector."""
    return row_bytes(table_shape(spec)) + SELECTORS[config.replay.selector].bytes_per_item


def _plan(config: RunConfig, spec: TaskSpec, shards: list[int]) -> TablePlan:
    """Round to whole fragments, so that one overwrites another; a table has room for one block at least."""
    capacity = config.tasks[spec.name].capacity or config.replay.capacity
    length, rows = config.actors.fragment_length, fragment_rows(config, spec)
    if isinstance(capacity, str):
        fragments = parse_bytes(capacity) // (len(shards) * rows * slot_bytes(config, spec))
    else:
        fragments = math.ceil(capacity / (len(shards) * length))
    fragments = max(fragments, config.tasks[spec.name].envs_per_actor)
    return TablePlan(
        spec.name,
        shards,
        transitions=fragments * length * len(shards),
        rows=fragments * rows,
        bytes=fragments * rows * slot_bytes(config, spec) * len(shards),
    )


def machine_memory_bytes() -> int:
    """Return this machine's memory: its own, or its container's limit where that is less."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [path.read_text(encoding="utf-8").strip() for path in _LIMITS if path.is_file()]
    return min(physical, *(int(limit) for limit in limits if limit != "max"), physical)


def in_units(count: float) -> str:
    """Return a number of bytes as people write it, such as 1.5 GiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 999.5:
            return f"{count:.3g} {unit}"
        count /= 1024
    return f"{count:.3g} TiB"
