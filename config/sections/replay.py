"""What a configuration says of replay."""

from typing import Annotated

from pydantic import Field

from config.values import Bytes, Capacity, Fraction, Positive, PositiveFloat, Section, SelectorName

MOST_SHARDS = 100


class ReplayConfig(Section):
    """Replay: one table a task."""

    shards: Annotated[int, Field(gt=0, le=MOST_SHARDS)] = Field(
        1, description="replay shards, each a server process of its own"
    )
    selector: SelectorName = Field(
        "uniform",
        description="how transitions are drawn; uniform: all alike; proportional: by their priorities",
    )
    capacity: Capacity = Field(
        100_000,
        description="transitions of each task that replay keeps, as a number or as a size such as 512MiB",
    )
    memory_budget: Bytes = Field(
        2 * 2**30, description="bytes that the tables of all tasks may take together"
    )
    n_step: Annotated[int, Field(gt=0, le=100)] = Field(
        5, description="rewards that are summed before the target bootstraps"
    )
    min_size_to_sample: Positive = Field(
        1_000, description="transitions that each task must have in replay before it is sampled"
    )
    samples_per_insert: PositiveFloat | None = Field(
        16.0,
        description="how often a transition is sampled on average; replay makes the actors or the learner "
        "of a task wait to keep this ratio; null for no limit",
    )
    error_buffer: PositiveFloat | None = Field(
        None,
        description="samples by which a task may be ahead of or behind samples_per_insert before somebody "
        "has to wait; null for twice the smallest value that cannot deadlock",
    )
    priority_exponent: Fraction = Field(
        0.6, description="with selector 'proportional': exponent of the priorities"
    )
    importance_exponent_start: Fraction = Field(
        0.4,
        description="with selector 'proportional': exponent of the importance weights at the first update",
    )
    importance_exponent_end: Fraction = Field(
        1.0,
        description="with selector 'proportional': exponent of the importance weights after "
        "importance_exponent_steps",
    )
    importance_exponent_steps: Positive = Field(
        10_000,
        description="updates over which that exponent goes from its start to its end, in a straight line",
    )
    silence_seconds: PositiveFloat = Field(
        30.0,
        description="a replay shard that does not answer for so many seconds is ended, and an empty one "
        "takes its place",
    )
