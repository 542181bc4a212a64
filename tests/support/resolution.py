"""Parts of `config.resolution` alone: specifications without checks, and checks for another machine."""

from config.environments import described, looked_at
from config.errors import ConfigError
from config.resolution import mistakes_in
from config.schema import RunConfig
from tasks.spec import TaskSpec


def resolve_specs(config: RunConfig) -> list[TaskSpec]:
    """Return the tasks' specifications, in order.

    Raises:
        ConfigError: an environment is unknown or cannot be trained on.
    """
    specs, _, mistakes = described(config, looked_at)
    if mistakes:
        raise ConfigError(*mistakes)
    return specs


def check(config: RunConfig, specs: list[TaskSpec], machine_bytes: int) -> None:
    """Raise a ConfigError for settings that a machine of so much memory cannot run."""
    mistakes = mistakes_in(config, specs, machine_bytes)
    if mistakes:
        raise ConfigError(*mistakes)
