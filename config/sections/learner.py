"""What a configuration says of the update."""

from typing import Annotated, Literal

from pydantic import Field

from config.values import Positive, PositiveFloat, Section


class LearnerConfig(Section):
    """The update."""

    batch_size: Positive = Field(256, description="transitions in one update, over all tasks")
    learning_rate: PositiveFloat = Field(1e-3, description="step size of Adam")
    learning_rate_end: PositiveFloat | None = Field(
        None, description="step size at the end of a linear schedule; null for a constant step size"
    )
    learning_rate_steps: Positive = Field(10_000, description="updates that this schedule takes")
    adam_epsilon: PositiveFloat = Field(1.5e-4, description="epsilon of Adam")
    max_gradient_norm: PositiveFloat = Field(
        10.0, description="a gradient whose norm over all parameters is larger is scaled down to it"
    )
    loss: Literal["huber", "squared", "hl_gauss"] = Field(
        "huber",
        description="huber or squared: a loss of the TD error; hl_gauss: cross-entropy over bins of "
        "values, which needs value_scale 'return_range'",
    )
    value_scale: Literal["none", "return_range", "popart"] = Field(
        "none",
        description="unit of the values that the network predicts for a task; none: that of the rewards; "
        "return_range: a fraction of the largest return seen, for tasks whose returns differ "
        "in size; popart: targets normalised by their running mean and standard deviation",
    )
    double: bool = Field(
        True,
        description="Double DQN: whether the online network chooses the action whose target value is "
        "bootstrapped from",
    )
    weighting: Literal[
        "equal",
        "fixed",
        "uncertainty",
        "dwa",
        "famo",
        "pcgrad",
        "cagrad",
        "aligned_mtl",
        "imtl_g",
        "upgrad",
    ] = Field(
        "equal",
        description="how the losses of the tasks become one update; equal: their sum; fixed: their sum "
        "weighted by loss_weight; uncertainty, dwa, famo: weights that follow the losses; the "
        "others combine the gradients of the tasks in the parameters that the tasks share",
    )
    target_period: Positive = Field(
        200, description="updates between two copies of the weights to the target network"
    )
    target_rate: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None,
        description="rate of Polyak averaging of the target network; null for copies every target_period "
        "updates",
    )
    publish_period: Positive = Field(
        50, description="updates between two publications of the weights to the actors"
    )
    prefetch_batches: Positive = Field(
        64, description="batches of each task that are requested ahead of time, in two requests or more"
    )
    stall_seconds: PositiveFloat = Field(
        600.0,
        description="the run is saved and ends when the learner has waited for so many seconds without a "
        "new transition; if it got over a long pause before, it waits up to five times as long "
        "as that pause",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="device of the learner; auto: cuda where there is one"
    )
    threads: Positive = Field(1, description="CPU threads that the learner computes with")
