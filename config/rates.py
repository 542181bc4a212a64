"""How far a task's actors and the learner may be apart: the rate limiter of each task."""

from config.batches import batch_sizes, batches_per_request
from config.memory import num_shards
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
