"""What the environments of a configuration turn out to be, once they are built, or played for a while."""

from collections.abc import Callable

from actors.undisturbed import undisturbed
from config.schema import RunConfig
from config.task_specs import reading, recipe, task_spec
from tasks.errors import TaskError
from tasks.inspection import EnvironmentReport, examine_environment, inspect_environment
from tasks.spec import TaskSpec

Look = Callable[[RunConfig, str], EnvironmentReport]
"""What finds out about the environment of a task, by the task's name."""


@undisturbed()
def described(config: RunConfig, look: Look) -> tuple[list[TaskSpec], list[EnvironmentReport], list[str]]:
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


def tried(config: RunConfig, name: str) -> EnvironmentReport:
    """Build a task's environment and play it for a few steps."""
    task = config.tasks[name]
    return examine_environment(name, recipe(task), reading(task), task.envs_per_actor, config.seed)


def looked_at(config: RunConfig, name: str) -> EnvironmentReport:
    """Build a task's environment once; it is not played."""
    task = config.tasks[name]
    return inspect_environment(name, recipe(task), reading(task))
