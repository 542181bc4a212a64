"""How an environment is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Recipe:
    """What has to be known to make an environment as training plays it.

    Attributes:
        env: its Gymnasium id; `module:id` imports a module first, `module:Class` needs no registration.
        env_kwargs: arguments of its constructor.
        max_episode_steps: time limit; None for the environment's own, if it has one.
    """

    env: str
    env_kwargs: Mapping[str, Any] = field(default_factory=dict)
    max_episode_steps: int | None = None
