"""How a batch is shared by the tasks, and in what requests replay is asked for it."""

import math

import numpy as np

from config.schema import RunConfig
from learner.batch_source import Supply
from replay.selectors.table import SELECTORS
from replay.windows import window_length
from tasks.spec import TaskSpec

REQUEST_BYTES = 16 * 2**20
"""Frames in one answer of replay, at most, unless a single batch is larger."""
MOST_REQUESTS = 4


def batch_sizes(config: RunConfig) -> dict[str, int]:
    """Split the batch over the tasks by their shares: largest remainders, at least one transition each."""
    total = sum(task.batch_share for task in config.tasks.values())
    exact = {
        name: config.learner.batch_size * task.batch_share / total for name, task in config.tasks.items()
    }
    sizes = {name: math.floor(size) for name, size in exact.items()}
    by_remainder = sorted(exact, key=lambda name: sizes[name] - exact[name])
    for name in by_remainder[: config.learner.batch_size - sum(sizes.values())]:
        sizes[name] += 1
    for name in (name for name, size in sizes.items() if size == 0):
        sizes[max(sizes, key=sizes.__getitem__)] -= 1
        sizes[name] = 1
    return sizes


def supplies(config: RunConfig, specs: list[TaskSpec]) -> dict[str, Supply]:
    """Return how each task's batches are asked for: `learner.prefetch_batches` ahead, in bounded requests."""
    sizes = batch_sizes(config)
    found: dict[str, Supply] = {}
    for spec in specs:
        batches = batches_per_request(config, spec, sizes[spec.name])
        found[spec.name] = Supply(
            batch_size=sizes[spec.name],
            batches_per_request=batches,
            requests=min(MOST_REQUESTS, max(2, config.learner.prefetch_batches // batches)),
            frame_stack=spec.frame_stack,
            weighted=SELECTORS[config.replay.selector].weighted,
        )
    return found


def batches_per_request(config: RunConfig, spec: TaskSpec, batch_size: int) -> int:
    """Return how many batches of a task one request asks for, so that its answer stays small."""
    window = window_length(spec.frame_stack, config.replay.n_step)
    frame = np.dtype(spec.frame_dtype).itemsize * math.prod(spec.frame_shape)
    within = REQUEST_BYTES // (batch_size * window * frame)
    return max(1, min(config.learner.prefetch_batches // 2, within))
