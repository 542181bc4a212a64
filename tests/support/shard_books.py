"""The books of shards in other processes, looked into there."""

from typing import Any

import ray

from cluster.ray.shard_crew import ShardCrew, shard_name
from cluster.ray.shard_process import ShardHost


def problem_of(handle: Any) -> str | None:
    """Return what is wrong with the books of a shard's process, or None."""
    found: str | None = ray.get(handle.__ray_call__.remote(_problem))
    return found


def problems_of(shards: ShardCrew) -> list[str]:
    """Return what is wrong with the books of any shard of a run."""
    handles = (ray.get_actor(shard_name(index)) for index in range(len(shards.clients)))
    return [problem for problem in map(problem_of, handles) if problem is not None]


def _problem(host: ShardHost) -> str | None:
    return host._shard.problem()
