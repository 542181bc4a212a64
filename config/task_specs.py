"""From the settings of a task and what its environment turned out to be to its specification."""

import math

from config.sections.task import TaskConfig
from network.images import has_channels_last
from tasks.errors import TaskError
from tasks.inspection import EnvironmentReport
from tasks.spec import TaskSpec


def task_spec(name: str, task: TaskConfig, report: EnvironmentReport) -> TaskSpec:
    """Return the specification of a task.

    Raises:
        TaskError: its observation scale does not fit its observations.
    """
    stack, shape = task.frame_stack, report.observation_shape
    return TaskSpec(
        name=name,
        env=task.env,
        env_kwargs=task.env_kwargs,
        max_episode_steps=report.max_episode_steps,
        observation_shape=(stack, *shape) if stack > 1 else shape,
        observation_dtype=report.observation_dtype,
        observation_scale=_scale(name, task, report),
        frame_stack=stack,
        num_actions=report.num_actions,
        discount=task.discount,
        reward_scale=task.reward_scale,
        reward_clip=task.reward_clip,
        solved_at=task.solved_at,
    )


def _scale(name: str, task: TaskConfig, report: EnvironmentReport) -> tuple[float, ...]:
    """Return the divisors of a task's observations: one, or one per element of all its stacked frames."""
    given = task.observation_scale
    if given is None:
        return (report.observation_scale,)
    shape = report.observation_shape
    size = math.prod(shape)
    if len(given) == 1:
        return tuple(given)
    if len(given) == size:
        return tuple(given) * task.frame_stack
    channels = (shape[-1] if has_channels_last(shape) else shape[0]) if len(shape) == 3 else None
    if len(given) == channels:
        pixels = size // channels
        one = tuple(given) * pixels if has_channels_last(shape) else _each(given, pixels)
        return one * task.frame_stack
    allowed = f"1, {channels} (one for each channel)" if channels else "1"
    raise TaskError(
        f"tasks.{name}.observation_scale: {len(given)} numbers given; allowed are {allowed} or {size}, one "
        f"for each element of an observation of {task.env}"
    )


def _each(values: list[float], times: int) -> tuple[float, ...]:
    return tuple(value for value in values for _ in range(times))
