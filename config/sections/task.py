"""What a configuration says of one task."""

from typing import Annotated

from pydantic import Field

from config.values import (
    Arguments,
    Capacity,
    Factor,
    Fraction,
    NonNegativeFloat,
    Positive,
    PositiveFloat,
    Scale,
    Section,
    Wrappers,
)


class TaskConfig(Section):
    """One task: its environment, its learning problem and its share of the machine."""

    env: str = Field(
        description="Gymnasium id, module:id for one that a module registers, module:Class for a class or "
        "a function that makes an environment, envpool:ID for EnvPool's, or vector:ID for Gymnasium's "
        "vectorised ones: see docs/sources.md"
    )
    env_kwargs: Arguments = Field({}, description="arguments of the environment's constructor")
    wrappers: Wrappers = Field(
        [],
        description="wrappers around the environment, the innermost first: each a name such as "
        "gymnasium.wrappers.FlattenObservation, or {wrapper: NAME, ARGUMENT: VALUE}; reported returns are "
        "those of the environment within them",
    )
    preset: str | None = Field(
        None,
        description="name of fields that belong together, each of which the task's own comes before; "
        "`trunkline tasks list` shows them",
    )
    max_episode_steps: Positive | None = Field(
        None,
        description="time limit of an episode, in steps of the environment within its wrappers; null for the "
        "environment's own limit, or 10,000 where it has none",
    )
    evaluation_steps: Positive | None = Field(
        None, description="an evaluation cuts an episode after so many steps; null for the time limit alone"
    )
    observation_scale: Scale | None = Field(
        None,
        description="observations are divided by it: one number, one number per channel of an image, or "
        "one per element; auto subtracts the mean of what was seen and divides by its standard deviation; a "
        "mapping gives each part of an observation a scale of its own; null for 255 where observations are "
        "uint8, and 1 elsewhere",
    )
    observation_length: Annotated[int, Field(gt=0, le=4096)] | None = Field(
        None,
        description="most words that are kept of a text, and most elements of a Sequence; null for what a "
        "text space says, at most 64 words",
    )
    action_bins: Annotated[int, Field(ge=2, le=255)] | None = Field(
        None,
        description="values that each dimension of a continuous (Box) action may have, spread evenly over "
        "its range; 2 and 3 are usual; null where actions are choices already",
    )
    action_mask: Annotated[str, Field(min_length=1)] | None = Field(
        None,
        description='says which actions are allowed: info for info["action_mask"], or the name of a part of '
        "the observation; null where all of them are",
    )
    life_loss: bool = Field(
        False,
        description='whether a lost life ends the return, as the end of an episode does; info["lives"] says '
        "how many are left, and the episode goes on",
    )
    frame_stack: Annotated[int, Field(gt=0, le=16)] = Field(
        1, description="newest frames that are stacked into one observation"
    )
    discount: Annotated[float, Field(gt=0, le=1)] = Field(0.99, description="discount factor of one step")
    reward_scale: Factor = Field(
        1.0, description="every reward is multiplied by it before the learner sees it"
    )
    reward_clip: PositiveFloat | None = Field(
        None,
        description="rewards are clipped to [-reward_clip, reward_clip] before they are scaled; null for "
        "no clipping",
    )
    solved_at: Annotated[float, Field(allow_inf_nan=False)] | None = Field(
        None, description="mean greedy return at which the task counts as solved; null for no such bound"
    )
    loss_weight: NonNegativeFloat = Field(
        1.0, description="weight of the task's loss; only learner.weighting 'fixed' reads it"
    )
    batch_share: PositiveFloat = Field(
        1.0, description="share of the task in each batch, relative to the shares of the other tasks"
    )
    actors: Positive | None = Field(
        None,
        description="actor processes of the task; null for one in every slot that a cluster offers, and "
        "for one without a cluster",
    )
    shards: Positive | None = Field(
        None,
        description="replay shards that keep the task's transitions; null for all shards, but no more than "
        "the task has actors",
    )
    capacity: Capacity | None = Field(
        None,
        description="transitions of the task that replay keeps, as a number or as a size such as 512MiB; "
        "null for replay.capacity",
    )
    epsilon_base: Fraction | None = Field(
        None,
        description="how much the task's actors explore; null for actors.epsilon_base. A task whose reward "
        "comes late and seldom needs more than others",
    )
    exploration_max_duration: Positive | None = Field(
        None,
        description="steps for which an exploratory action of the task is repeated at most; null for "
        "actors.exploration_max_duration",
    )
    envs_per_actor: Positive = Field(16, description="environments that one actor steps in lockstep")

    @property
    def actors_here(self) -> int:
        """Actors of the task in a run that has its machine to itself."""
        return self.actors or 1
