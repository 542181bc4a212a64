"""How an environment is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Wrapping:
    """One wrapper around an environment.

    Attributes:
        wrapper: its dotted name, such as `gymnasium.wrappers.FlattenObservation`; `module:name` is the same.
        arguments: of its constructor, besides the environment.
    """

    wrapper: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """What has to be known to make an environment as training plays it.

    Attributes:
        env: its Gymnasium id; `module:id` imports a module first, `module:Class` needs no registration.
        env_kwargs: arguments of its constructor.
        max_episode_steps: time limit, in steps of the environment within its wrappers; None for its own, if
            it has one.
        wrappers: around it, the innermost first.
    """

    env: str
    env_kwargs: Mapping[str, Any] = field(default_factory=dict)
    max_episode_steps: int | None = None
    wrappers: tuple[Wrapping, ...] = ()

    @property
    def named(self) -> str:
        """What it makes, for sentences: the id, and the wrappers, for what is wrong may be theirs."""
        names = (wrapping.wrapper.replace(":", ".").rpartition(".")[2] for wrapping in self.wrappers)
        within = ", ".join(names)
        return f"{self.env!r} (wrapped in {within})" if within else repr(self.env)
