"""Counters and statuses with telling values, for tests of reports."""

from typing import Any

from deploy.status import RunStatus, TaskStatus
from replay.messages import ShardStats, TableStats


def table_stats(**changes: Any) -> TableStats:
    """Return counters of a table in which every number is another one."""
    values: dict[str, Any] = {
        "items": 90,
        "inserted": 100,
        "evicted": 10,
        "sampled": 288,
        "throttled": 3,
        "dropped": {"duplicate": 8},
        "stale_updates": 5,
        "episodes": 7,
        "recent_return": 1.5,
    }
    return TableStats(**(values | changes))


def shard_stats(**tables: TableStats) -> ShardStats:
    """Return counters of a shard with these tables."""
    return ShardStats(tables=tables, refused_blocks=2, memory_bytes=4096)


def task_status(name: str = "chain", **changes: Any) -> TaskStatus:
    """Return the status of a task of which everything is known."""
    values: dict[str, Any] = {
        "name": name,
        "solved_at": 0.9,
        "env_steps": 1100,
        "env_steps_per_second": 50.0,
        "table": table_stats(),
        "replay_capacity": 120,
        "samples_per_insert": 4.0,
        "greedy_return": 0.75,
        "loss": 0.125,
        "staleness": 2.5,
        "actors": 3,
        "actor_restarts": 1,
    }
    return TaskStatus(**(values | changes))


def run_status(*tasks: TaskStatus, **changes: Any) -> RunStatus:
    """Return the status of a run with these tasks."""
    values: dict[str, Any] = {
        "train_seconds": 12.5,
        "learner_step": 640,
        "updates_per_second": 80.0,
        "weights_version": 32,
        "phase_seconds": {"waiting": 1.0, "update": 6.0, "publishing": 0.5, "other": 0.5},
        "checkpoints": 4,
        "refused_blocks": 2,
        "evaluations": 6,
        "tasks": list(tasks) or [task_status()],
    }
    return RunStatus(**(values | changes))
