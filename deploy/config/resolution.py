"""From a configuration to what it means on this machine: task specifications, batches, rates."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from actors.undisturbed import undisturbed
from deploy.config.advice import advice
from deploy.config.memory import machine_memory_bytes, num_shards, table_plans
from deploy.config.memory_mistakes import memory_mistakes
from deploy.config.message_size import message_mistakes
from deploy.config.network_memory import network_memory_mistakes
from deploy.config.network_mistakes import network_mistakes
from deploy.config.schema import RunConfig
from deploy.config.task_specs import task_spec
from deploy.errors import ConfigError
from deploy.value_parts import value_mistakes
from deploy.weighting_parts import weighting_mistakes
from learner.batch_source import Supply
from replay.rate_limiter import RateLimiter, smallest_error_buffer
from replay.windows import window_length
from tasks.errors import TaskError
from tasks.inspection import EnvironmentReport, examine_environment, inspect_environment
from tasks.spec import TaskSpec

REQUEST_BYTES = 16 * 2**20
"""Frames in one answer of replay, at most, unless a single batch is larger."""
MOST_REQUESTS = 4

Look = Callable[[RunConfig, str], EnvironmentReport]
"""What finds out about the environment of a task, by the task's name."""


@dataclass(frozen=True)
class ResolvedRun:
    """A configuration that this machine can run, with what its tasks turned out to be.

    Attributes:
        config: the configuration.
        specs: its tasks, in order.
        warnings: a sentence for each choice that is allowed and may be unwise; `rehearse` alone finds them.
    """

    config: RunConfig
    specs: list[TaskSpec]
    warnings: Sequence[str] = ()


def resolve(config: RunConfig) -> ResolvedRun:
    """Build every task's environment once, and check the configuration against them and this machine.

    Raises:
        ConfigError: one sentence a mistake.
    """
    return ResolvedRun(config, _checked(config, _looked_at)[0])


def rehearse(config: RunConfig) -> ResolvedRun:
    """Do what `resolve` does, and play every task's environment for a few steps, before a run is built on it.

    Raises:
        ConfigError: one sentence a mistake, what environments did wrong included.
    """
    specs, reports = _checked(config, _tried)
    return ResolvedRun(config, specs, advice(config, specs, reports))


def resolve_specs(config: RunConfig) -> list[TaskSpec]:
    """Return the tasks' specifications, in order; every environment is built once, and none is played.

    Raises:
        ConfigError: an environment is unknown or cannot be trained on; one sentence a mistake.
    """
    specs, _, mistakes = _described(config, _looked_at)
    if mistakes:
        raise ConfigError(*mistakes)
    return specs


def check(config: RunConfig, specs: list[TaskSpec], machine_bytes: int) -> None:
    """Refuse settings that contradict each other, or need more memory than `machine_bytes`.

    Raises:
        ConfigError: one sentence a mistake.
    """
    mistakes = _mistakes(config, specs, machine_bytes)
    if mistakes:
        raise ConfigError(*mistakes)


def _mistakes(config: RunConfig, specs: list[TaskSpec], machine_bytes: int) -> list[str]:
    mistakes = [
        *_replay_mistakes(config, specs),
        *memory_mistakes(config, specs, machine_bytes),
        *message_mistakes(config, specs),
        *_device_mistakes(config),
        *network_mistakes(config, specs),
        *network_memory_mistakes(config, specs, machine_bytes),
        *weighting_mistakes(config),
        *value_mistakes(config),
    ]
    if config.learner.batch_size < len(config.tasks):
        mistakes.append(
            f"learner.batch_size: {config.learner.batch_size} is not allowed: "
            f"it should be at least the number of tasks, {len(config.tasks)}"
        )
    return mistakes


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
        batches = _batches_per_request(config, spec, sizes[spec.name])
        found[spec.name] = Supply(
            batch_size=sizes[spec.name],
            batches_per_request=batches,
            requests=min(MOST_REQUESTS, max(2, config.learner.prefetch_batches // batches)),
            frame_stack=spec.frame_stack,
            weighted=config.replay.selector != "uniform",
        )
    return found


def _batches_per_request(config: RunConfig, spec: TaskSpec, batch_size: int) -> int:
    window = window_length(spec.frame_stack, config.replay.n_step)
    frame = np.dtype(spec.observation_dtype).itemsize * math.prod(spec.frame_shape)
    within = REQUEST_BYTES // (batch_size * window * frame)
    return max(1, min(config.learner.prefetch_batches // 2, within))


def rate_limiter(config: RunConfig, spec: TaskSpec) -> RateLimiter:
    """Return a task's rate limiter.

    Its tolerance is twice the least that cannot deadlock, where none is given: that leaves actors room to be
    ahead of the learner, so that it finds data at any time.
    """
    replay = config.replay
    given = replay.error_buffer
    error_buffer = 2 * least_error_buffer(config, spec) if given is None else given
    return RateLimiter(replay.samples_per_insert, replay.min_size_to_sample, error_buffer)


def least_error_buffer(config: RunConfig, spec: TaskSpec) -> float:
    """Return the least tolerance of a task's rate limiter, in samples, that cannot deadlock."""
    insert = config.tasks[spec.name].envs_per_actor * config.actors.fragment_length
    batch = batch_sizes(config)[spec.name]
    request = batch * _batches_per_request(config, spec, batch)
    ratio = config.replay.samples_per_insert or 0.0
    return smallest_error_buffer(ratio, insert, request, num_shards(config, spec.name))


def _checked(config: RunConfig, look: Look) -> tuple[list[TaskSpec], list[EnvironmentReport]]:
    """Return what the tasks turned out to be, or tell at once what is wrong with each and with all."""
    specs, reports, mistakes = _described(config, look)
    if len(specs) == len(config.tasks):
        mistakes += _mistakes(config, specs, machine_memory_bytes())
    if mistakes:
        raise ConfigError(*mistakes)
    return specs, reports


@undisturbed()
def _described(config: RunConfig, look: Look) -> tuple[list[TaskSpec], list[EnvironmentReport], list[str]]:
    """Return specifications and reports of the tasks that have them, and the mistakes of all."""
    specs: list[TaskSpec] = []
    reports: list[EnvironmentReport] = []
    mistakes: list[str] = []
    for name, task in config.tasks.items():
        try:
            report = look(config, name)
            mistakes += report.mistakes
            specs.append(task_spec(name, task, report))
            reports.append(report)
        except TaskError as error:
            mistakes += str(error).splitlines()
    return specs, reports, mistakes


def _tried(config: RunConfig, name: str) -> EnvironmentReport:
    task = config.tasks[name]
    return examine_environment(
        name, task.env, task.env_kwargs, task.max_episode_steps, task.envs_per_actor, config.seed
    )


def _looked_at(config: RunConfig, name: str) -> EnvironmentReport:
    task = config.tasks[name]
    return inspect_environment(name, task.env, task.env_kwargs, task.max_episode_steps)


def _device_mistakes(config: RunConfig) -> list[str]:
    if config.learner.device == "cuda" and not torch.cuda.is_available():
        return [
            "learner.device: 'cuda' is not allowed: this machine has no CUDA device, or torch is a build "
            "without CUDA; it should be 'cpu' or 'auto'"
        ]
    return []


def _replay_mistakes(config: RunConfig, specs: list[TaskSpec]) -> list[str]:
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
