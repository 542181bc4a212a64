"""Counters and statuses with telling values, for tests of reports."""

from dataclasses import fields
from typing import Any, TypeVar

from learner.probes.reading import TaskReading
from replay.messages import ShardStats, TableStats
from training.evaluation.probing import TrunkReading
from training.fleet import ClusterStatus, Crew
from training.saving import CheckpointStatus, SavingStatus
from training.shard_supervision import ShardStatus
from training.status.records import DiskStatus, RunStatus, TaskStatus
from training.status.replay_status import TaskReplay
from training.update_log import LearnerStatus, TaskLearning

T = TypeVar("T")


def table_stats(**changes: Any) -> TableStats:
    """Return counters of a table in which every number is another one."""
    values: dict[str, Any] = {
        "items": 90,
        "mass": 45.5,
        "arrived": 108,
        "inserted": 100,
        "restored": 0,
        "evicted": 10,
        "sampled": 288,
        "throttled": 3,
        "dropped": {"duplicate": 8},
        "stale_updates": 5,
        "invalid_updates": 6,
        "episodes": 7,
        "recent_return": 1.5,
        "recent_length": 24.5,
        "acting_version": 30,
    }
    return TableStats(**(values | changes))


def shard_stats(
    life: int = 0, items_by_life: dict[tuple[str, int], int] | None = None, **tables: TableStats
) -> ShardStats:
    """Return counters of a shard with these tables."""
    return ShardStats(life, tables, 2, 4096, 31, items_by_life or {})


def task_status(name: str = "chain", **changes: Any) -> TaskStatus:
    """Return the status of a task of which everything is known."""
    values: dict[str, Any] = {
        "name": name,
        "solved_at": 0.9,
        "env_steps": 1100,
        "env_steps_per_second": 50.0,
        "table": table_stats(),
        "replay_capacity": 120,
        "lost": 11,
        "samples_per_insert": 4.0,
        "greedy_return": 0.75,
        "loss": 0.125,
        "weight": 1.75,
        "staleness": 2.5,
        "probes": TaskReading(0.625, -0.25, 0.75, 0.375),
        "samples_per_insert_target": 8.0,
        "acting_staleness": 2,
        "crew": Crew(wanted=5, slots=4, at_work=3, quarantined=2, restarts=1),
    }
    return _made(TaskStatus, values | changes, replay=TaskReplay, learning=TaskLearning)


def shard_status(index: int = 0, **changes: Any) -> ShardStatus:
    """Return the status of a shard that was replaced once and is up."""
    values: dict[str, Any] = {"up": True, "restarts": 1, "memory_bytes": 4096, "dropped_updates": 13}
    return ShardStatus(index, **(values | changes))


def run_status(*tasks: TaskStatus, **changes: Any) -> RunStatus:
    """Return the status of a run with these tasks."""
    values: dict[str, Any] = {
        "train_seconds": 12.5,
        "learner_step": 640,
        "updates_per_second": 80.0,
        "weights_version": 32,
        "phase_seconds": {"waiting": 1.0, "update": 6.0, "publishing": 0.5, "other": 0.5},
        "checkpoints": 4,
        "plain_sums": 9,
        "refused_blocks": 2,
        "evaluations": 6,
        "dormant_share": 0.0625,
        "effective_rank": 17.0,
        "tasks": list(tasks) or [task_status()],
        "shards": [shard_status()],
        "nodes": [],
        "node_deaths": 0,
        "waiting_for": [],
        "last_update_time": 1.75e9,
        "last_checkpoint": CheckpointStatus(600, 1.5e9),
        "checkpoint_period": 200,
        "replay_saves_skipped": 14,
        "disk": DiskStatus(free_bytes=10**9, total_bytes=10**10),
        "notices": [],
        "gradient_norm": 0.875,
    }
    parts = {
        "learner": LearnerStatus,
        "saving": SavingStatus,
        "trunk": TrunkReading,
        "cluster": ClusterStatus,
    }
    return _made(RunStatus, values | changes, **parts)


def _made(kind: type[T], values: dict[str, Any], **parts: type[Any]) -> T:
    """Return a record of which some fields are records too; `values` names the fields of all of them."""
    made = {name: part(**_taken(values, part)) for name, part in parts.items()}
    return kind(**values, **made)


def _taken(values: dict[str, Any], kind: type[Any]) -> dict[str, Any]:
    return {field.name: values.pop(field.name) for field in fields(kind) if field.name in values}
