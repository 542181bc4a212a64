"""How far a task's actors and the learner may be apart: the rate limiter of each task."""

from config.batches import batch_sizes, batches_per_request
from config.memory import num_shards, table_plans
from config.schema import RunConfig
from replay.rate_limiter import RateLimiter, smallest_error_buffer
from tasks.spec import TaskSpec

TOLERANCE_FACTOR = 2
"""Tolerance of a rate limiter over the least that cannot deadlock, where none is given."""


def rate_limiter(config: RunConfig, spec: TaskSpec) -> RateLimiter:
    """Return a task's rate limiter.

    Its tolerance, where none is given, leaves actors room to be ahead of the learner, so that it finds data
    at any time.
    """
    replay = config.replay
    given = replay.error_buffer
    error_buffer = TOLERANCE_FACTOR * least_error_buffer(config, spec) if given is None else given
    return RateLimiter(replay.samples_per_insert, replay.min_size_to_sample, error_buffer)


def least_error_buffer(config: RunConfig, spec: TaskSpec) -> float:
    """Return the least tolerance of a task's rate limiter, in samples, that cannot deadlock."""
    insert = config.tasks[spec.name].envs_per_actor * config.actors.fragment_length
    batch = batch_sizes(config)[spec.name]
    request = batch * batches_per_request(config, spec, batch)
    ratio = config.replay.samples_per_insert or 0.0
    return smallest_error_buffer(ratio, insert, request, num_shards(config, spec.name))


def replay_mistakes(config: RunConfig, specs: list[TaskSpec]) -> list[str]:
    """Return one sentence for each rate, size or number of shards that replay could not keep."""
    replay = config.replay
    mistakes = [
        f"replay.min_size_to_sample: {replay.min_size_to_sample} is not allowed: "
        f"it should be at most the capacity of task {plan.task!r}, {plan.transitions}"
        for plan in table_plans(config, specs)
        if replay.min_size_to_sample > plan.transitions
    ]
    for name, task in config.tasks.items():
        most = replay.shards if task.actors is None else min(replay.shards, task.actors)
        if task.shards is not None and task.shards > most:
            mistakes.append(
                f"tasks.{name}.shards: {task.shards} is not allowed: it should be at most {most}, "
                "the smaller of replay.shards and the task's actors, since an actor keeps to one shard"
            )
    if replay.error_buffer is not None:
        least = max(least_error_buffer(config, spec) for spec in specs)
        if replay.error_buffer < least:
            mistakes.append(
                f"replay.error_buffer: {replay.error_buffer:g} would deadlock: "
                f"it should be at least {least:g}, half of what one insert allows and one request takes"
            )
    return mistakes
