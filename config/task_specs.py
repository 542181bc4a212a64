"""From the settings of a task and what its environment turned out to be to its specification."""

from config.scales import scales
from config.sections.task import TaskConfig
from tasks.inspection import EnvironmentReport
from tasks.reading import Reading
from tasks.recipe import Recipe, Wrapping
from tasks.spec import TaskSpec


def recipe(task: TaskConfig) -> Recipe:
    """Return how the environment of a task is made."""
    return Recipe(task.env, task.env_kwargs, task.max_episode_steps, wrappings(task))


def wrappings(task: TaskConfig) -> tuple[Wrapping, ...]:
    """Return the wrappers around the environment of a task."""
    given = ({"wrapper": entry} if isinstance(entry, str) else entry for entry in task.wrappers)
    return tuple(
        Wrapping(entry["wrapper"], {name: value for name, value in entry.items() if name != "wrapper"})
        for entry in given
    )


def reading(task: TaskConfig) -> Reading:
    """Return how the spaces of a task's environment are read."""
    return Reading(task.action_bins, task.action_mask, task.observation_length, task.life_loss)


def task_spec(name: str, task: TaskConfig, report: EnvironmentReport) -> TaskSpec:
    """Return the specification of a task.

    Raises:
        TaskError: its observation scale does not fit its observations.
    """
    return TaskSpec(
        name=name,
        env=task.env,
        env_kwargs=task.env_kwargs,
        wrappers=wrappings(task),
        max_episode_steps=report.max_episode_steps,
        reading=reading(task),
        layout=report.layout.scaled(scales(name, task, report.layout.parts)),
        choices=report.choices,
        frame_stack=task.frame_stack,
        discount=task.discount,
        reward_scale=task.reward_scale,
        reward_clip=task.reward_clip,
        solved_at=task.solved_at,
    )
