"""The description of one task: everything that the other rooms need to know of an environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class TaskSpec:
    """One Markov decision process with a discrete action set.

    Attributes:
        name: what the task is called in configurations, metrics and weights.
        env: Gymnasium id of the environment, `module:id` or `module:Class`.
        env_kwargs: keyword arguments of the environment's constructor.
        max_episode_steps: time limit; an episode that reaches it is truncated, not terminated.
        observation_shape: shape of one observation, as the network sees it: with a frame stack, its frames
            one after another.
        observation_dtype: `float32` or `uint8`, as stored and sent.
        observation_scale: divisor of each observation, one number or one per element; None for 255 where
            they are uint8, and 1 elsewhere.
        num_actions: size of the action set.
        discount: per-step discount, in (0, 1].
        reward_scale: factor on every reward that the learner sees.
        reward_clip: bound on the absolute reward before scaling; None for no bound.
        frame_stack: frames of an observation; they are sent and stored one by one, and stacked where needed.
        solved_at: mean undiscounted greedy return at which the task counts as solved; None if it has none.
    """

    name: str
    env: str
    observation_shape: tuple[int, ...]
    observation_dtype: str
    num_actions: int
    max_episode_steps: int
    env_kwargs: Mapping[str, Any] = field(default_factory=dict)
    observation_scale: tuple[float, ...] | None = None
    discount: float = 0.99
    reward_scale: float = 1.0
    reward_clip: float | None = None
    frame_stack: int = 1
    solved_at: float | None = None

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """Shape of what the environment gives in one step."""
        return self.observation_shape[1:] if self.frame_stack > 1 else self.observation_shape

    @property
    def divisors(self) -> tuple[float, ...]:
        """What observations are divided by before the network sees them: one number, or one per element."""
        return self.observation_scale or ((255.0,) if self.observation_dtype == "uint8" else (1.0,))
