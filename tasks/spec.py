"""The description of one task: everything that the other rooms need to know of an environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tasks.choices import Choices
from tasks.observation import ObservationLayout
from tasks.reading import Reading
from tasks.recipe import Recipe, Wrapping


@dataclass(frozen=True)
class TaskSpec:
    """One Markov decision process whose actions are choices.

    Attributes:
        name: what the task is called in configurations, metrics and weights.
        env: Gymnasium id of the environment, `module:id` or `module:Class`.
        layout: the parts of what the environment shows in one step.
        choices: of an action, in each of its dimensions.
        env_kwargs: keyword arguments of the environment's constructor.
        reading: how its spaces are read.
        wrappers: around it, the innermost first.
        max_episode_steps: time limit; an episode that reaches it is truncated, not terminated.
        discount: per-step discount, in (0, 1].
        reward_scale: factor on every reward that the learner sees.
        reward_clip: bound on the absolute reward before scaling; None for no bound.
        frame_stack: frames of an observation; they are sent and stored one by one, and stacked where needed.
        solved_at: mean undiscounted greedy return at which the task counts as solved; None if it has none.
    """

    name: str
    env: str
    layout: ObservationLayout
    choices: Choices
    max_episode_steps: int
    env_kwargs: Mapping[str, Any] = field(default_factory=dict)
    reading: Reading = Reading()  # noqa: RUF009 - nothing can change it
    wrappers: tuple[Wrapping, ...] = ()
    discount: float = 0.99
    reward_scale: float = 1.0
    reward_clip: float | None = None
    frame_stack: int = 1
    solved_at: float | None = None

    @property
    def recipe(self) -> Recipe:
        """How its environment is made."""
        return Recipe(self.env, self.env_kwargs, self.max_episode_steps, self.wrappers)

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """Shape of what the environment gives in one step, as it is kept."""
        return self.layout.frame_shape

    @property
    def frame_dtype(self) -> str:
        """Dtype of that."""
        return self.layout.frame_dtype

    @property
    def observation_shape(self) -> tuple[int, ...]:
        """Shape of what the network takes in: of a frame, or of the frames of a stack, one after another."""
        return (self.frame_stack, *self.frame_shape) if self.frame_stack > 1 else self.frame_shape
