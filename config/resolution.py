"""From a configuration to a run that this machine can make: its tasks' specifications, and all checks."""

from collections.abc import Sequence
from dataclasses import dataclass

from config.advice import advice
from config.environments import Look, described, looked_at, tried
from config.errors import ConfigError
from config.learner_mistakes import learner_mistakes
from config.memory import machine_memory_bytes
from config.memory_mistakes import memory_mistakes
from config.message_size import message_mistakes
from config.network_memory import network_memory_mistakes
from config.network_mistakes import network_mistakes
from config.replay_mistakes import replay_mistakes
from config.schema import RunConfig
from tasks.inspection import EnvironmentReport
from tasks.spec import TaskSpec


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
    return ResolvedRun(config, _checked(config, looked_at)[0])


def rehearse(config: RunConfig) -> ResolvedRun:
    """Do what `resolve` does, and play every task's environment for a few steps, before a run is built on it.

    Raises:
        ConfigError: one sentence a mistake, what environments did wrong included.
    """
    specs, reports = _checked(config, tried)
    return ResolvedRun(config, specs, advice(config, specs, reports))


def mistakes_in(config: RunConfig, specs: list[TaskSpec], machine_bytes: int) -> list[str]:
    """Return a sentence for all that contradicts itself, the tasks, or a machine of so much memory."""
    return [
        *replay_mistakes(config, specs),
        *memory_mistakes(config, specs, machine_bytes),
        *message_mistakes(config, specs),
        *network_mistakes(config, specs),
        *network_memory_mistakes(config, specs, machine_bytes),
        *learner_mistakes(config),
    ]


def _checked(config: RunConfig, look: Look) -> tuple[list[TaskSpec], list[EnvironmentReport]]:
    """Return what the tasks turned out to be, or tell at once what is wrong with each and with all."""
    specs, reports, mistakes = described(config, look)
    if len(specs) == len(config.tasks):
        mistakes += mistakes_in(config, specs, machine_memory_bytes())
    if mistakes:
        raise ConfigError(*mistakes)
    return specs, reports
