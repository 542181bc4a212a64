"""From a configuration to what it means on this machine: task specifications, table sizes, memory."""

import math
import os
from dataclasses import dataclass

import numpy as np
import torch

from deploy.config.schema import RunConfig, TaskConfig
from deploy.errors import ConfigError
from replay.rate_limiter import smallest_error_buffer
from tasks.environment import inspect_environment
from tasks.errors import TaskError
from tasks.spec import TaskSpec

_ROW_OVERHEAD_BYTES = 4 + 4 + 1 + 4 + 8
_TREE_NODE_BYTES = 8


@dataclass(frozen=True)
class ResolvedRun:
    """A configuration that this machine can run, with what its tasks turned out to be."""

    config: RunConfig
    specs: list[TaskSpec]


@dataclass(frozen=True)
class TablePlan:
    """The size of one task's table: rows, and the bytes that they take."""

    task: str
    rows: int
    bytes: int


def resolve(config: RunConfig) -> ResolvedRun:
    """Build every task's environment once, and check the configuration against them and this machine.

    Raises:
        ConfigError: one sentence a mistake.
    """
    specs = resolve_specs(config)
    check(config, specs, machine_memory_bytes())
    return ResolvedRun(config, specs)


def resolve_specs(config: RunConfig) -> list[TaskSpec]:
    """Build every task's environment once and return the specifications, in the order of the tasks.

    Raises:
        ConfigError: an environment is unknown or cannot be trained on; one sentence a mistake.
    """
    specs: list[TaskSpec] = []
    mistakes: list[str] = []
    for name, task in config.tasks.items():
        try:
            specs.append(_spec(name, task))
        except TaskError as error:
            mistakes.append(str(error))
    if mistakes:
        raise ConfigError(*mistakes)
    return specs


def check(config: RunConfig, specs: list[TaskSpec], machine_bytes: int) -> None:
    """Refuse settings that contradict each other, or need more memory than `machine_bytes`.

    Raises:
        ConfigError: one sentence a mistake.
    """
    mistakes = [
        *_replay_mistakes(config),
        *_memory_mistakes(config, specs, machine_bytes),
        *_device_mistakes(config),
    ]
    if config.learner.batch_size < len(config.tasks):
        mistakes.append(
            f"learner.batch_size: {config.learner.batch_size} is not allowed: "
            f"it should be at least the number of tasks, {len(config.tasks)}"
        )
    if mistakes:
        raise ConfigError(*mistakes)


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


def table_plans(config: RunConfig, specs: list[TaskSpec]) -> list[TablePlan]:
    """Return rows and bytes of each task's table."""
    length, overlap = config.actors.fragment_length, config.replay.n_step
    plans: list[TablePlan] = []
    for spec in specs:
        block = (length + overlap) * config.tasks[spec.name].envs_per_actor
        rows = max(math.ceil(config.replay.capacity * (length + overlap) / length), block)
        row_bytes = np.dtype(spec.observation_dtype).itemsize * math.prod(spec.observation_shape)
        tree = 2 * (1 << (rows - 1).bit_length()) * _TREE_NODE_BYTES
        plans.append(TablePlan(spec.name, rows, rows * (row_bytes + _ROW_OVERHEAD_BYTES) + tree))
    return plans


def error_buffer(config: RunConfig, task: str) -> float:
    """Return the tolerance of a task's rate limiter, in samples.

    Four times the least that cannot deadlock leaves actors room to be ahead of the learner, so that it finds
    data at any time.
    """
    given = config.replay.error_buffer
    return 4 * _smallest_error_buffer(config, task) if given is None else given


def machine_memory_bytes() -> int:
    """Return this machine's memory: its own, or its container's limit where that is less."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        with open("/sys/fs/cgroup/memory.max") as file:
            limit = file.read().strip()
    except OSError:
        limit = "max"
    return physical if limit == "max" else min(physical, int(limit))


def _spec(name: str, task: TaskConfig) -> TaskSpec:
    shape, dtype, num_actions, limit = inspect_environment(
        name, task.env, task.env_kwargs, task.max_episode_steps
    )
    size = math.prod(shape)
    if len(task.observation_scale) not in (1, size):
        raise TaskError(
            f"tasks.{name}.observation_scale: {len(task.observation_scale)} numbers given; "
            f"allowed are 1 or {size}, one for each element of an observation of {task.env}"
        )
    return TaskSpec(
        name=name,
        env=task.env,
        env_kwargs=task.env_kwargs,
        max_episode_steps=limit,
        observation_shape=shape,
        observation_dtype=dtype,
        observation_scale=tuple(task.observation_scale),
        num_actions=num_actions,
        discount=task.discount,
        reward_scale=task.reward_scale,
        reward_clip=task.reward_clip,
        solved_at=task.solved_at,
    )


def _device_mistakes(config: RunConfig) -> list[str]:
    if config.learner.device == "cuda" and not torch.cuda.is_available():
        return [
            "learner.device: 'cuda' is not allowed: this machine has no CUDA device, or torch is a build "
            "without CUDA; it should be 'cpu' or 'auto'"
        ]
    return []


def _replay_mistakes(config: RunConfig) -> list[str]:
    replay = config.replay
    mistakes = []
    if replay.min_size_to_sample > replay.capacity:
        mistakes.append(
            f"replay.min_size_to_sample: {replay.min_size_to_sample} is not allowed: "
            f"it should be at most replay.capacity, {replay.capacity}"
        )
    if replay.error_buffer is not None:
        least = max(_smallest_error_buffer(config, task) for task in config.tasks)
        if replay.error_buffer < least:
            mistakes.append(
                f"replay.error_buffer: {replay.error_buffer:g} would deadlock: "
                f"it should be at least {least:g}, half of what one insert allows and one request takes"
            )
    return mistakes


def _smallest_error_buffer(config: RunConfig, task: str) -> float:
    insert = config.tasks[task].envs_per_actor * config.actors.fragment_length
    request = batch_sizes(config)[task] * config.learner.prefetch_batches
    return smallest_error_buffer(config.replay.samples_per_insert or 0.0, insert, request)


def _memory_mistakes(config: RunConfig, specs: list[TaskSpec], machine_bytes: int) -> list[str]:
    budget = config.replay.memory_budget
    if budget > machine_bytes:
        return [
            f"replay.memory_budget: {in_units(budget)} is more than this machine has; "
            f"it should be at most {in_units(machine_bytes)}"
        ]
    plans = table_plans(config, specs)
    needed = sum(plan.bytes for plan in plans)
    if needed > budget:
        parts = ", ".join(f"{plan.task} {in_units(plan.bytes)}" for plan in plans)
        return [
            f"replay.capacity: {config.replay.capacity} transitions a task take {in_units(needed)} "
            f"({parts}), more than replay.memory_budget, {in_units(budget)}"
        ]
    return []


def in_units(count: float) -> str:
    """Return a number of bytes as people write it, such as 1.5 GiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.3g} {unit}"
        count /= 1024
    return f"{count:.3g} TiB"
