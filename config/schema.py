"""The schema of a run configuration.

Every field is read somewhere; a field that is absent takes the default that stands here.
"""

from typing import Annotated, Literal

from pydantic import Field

from config.values import (
    Arguments,
    Bytes,
    Capacity,
    Factor,
    Fraction,
    NonNegativeFloat,
    Positive,
    PositiveFloat,
    Scale,
    Section,
    TaskName,
)
from network.choices import Conditioning, EncoderKind, Match, Sharing


class TaskConfig(Section):
    """One task: its environment, its learning problem and its share of the machine."""

    env: str = Field(
        description="Gymnasium id, module:id for one that a module registers, or module:Class for a class or "
        "a function that makes an environment"
    )
    env_kwargs: Arguments = Field({}, description="arguments of the environment's constructor")
    max_episode_steps: Positive | None = Field(
        None, description="time limit; null for the environment's own, or 10,000 where it names none"
    )
    evaluation_steps: Positive | None = Field(
        None, description="steps after which an evaluation's episode is cut; null for the time limit alone"
    )
    observation_scale: Scale | None = Field(
        None,
        description="divisor of observations: one number, one per channel of an image, or one per element; "
        "null for 255 where they are uint8, and 1 elsewhere",
    )
    frame_stack: Annotated[int, Field(gt=0, le=16)] = Field(
        1, description="newest frames that make an observation"
    )
    discount: Annotated[float, Field(gt=0, le=1)] = Field(0.99, description="per-step discount")
    reward_scale: Factor = Field(1.0, description="factor on every reward that the learner sees")
    reward_clip: PositiveFloat | None = Field(None, description="bound on the absolute reward; null for none")
    solved_at: Annotated[float, Field(allow_inf_nan=False)] | None = Field(
        None, description="greedy mean return at which the task counts as solved"
    )
    loss_weight: NonNegativeFloat = Field(
        1.0, description="lambda: weight of the task's loss, with learner.weighting fixed"
    )
    batch_share: PositiveFloat = Field(1.0, description="share of each batch, relative to the other tasks'")
    actors: Positive | None = Field(
        None,
        description="actors of the task; null for one in every slot of a cluster, and one without a cluster",
    )
    shards: Positive | None = Field(
        None, description="shards that keep the task; null for as many as there are, but one an actor at most"
    )
    capacity: Capacity | None = Field(
        None, description="transitions kept of the task, or their bytes; null for replay.capacity"
    )
    envs_per_actor: Positive = Field(16, description="environment streams that an actor steps in lockstep")

    @property
    def actors_here(self) -> int:
        """Actors of the task in a run that has its machine to itself."""
        return self.actors or 1


class NetworkConfig(Section):
    """The network that all tasks share."""

    sharing: Sharing = Field(
        "hard",
        description="hard: one trunk; separate: a trunk a task; l2: the same, pulled together; "
        "cross_stitch: columns that mix; moe: a mixture of experts",
    )
    match: Match = Field(
        "width",
        description="width: the widths below; else all widths are scaled until the network has as many "
        "parameters, or multiplications, as the hard one",
    )
    encoder: EncoderKind = Field(
        "auto",
        description="auto: convolutions where observations have channels and sides of 8 or more; conv: also "
        "for boards without channels; mlp: one linear layer for whatever is observed",
    )
    encoder_width: Positive = Field(128, description="width of each task's encoder and of the trunk's input")
    trunk: list[Positive] = Field([128, 128], min_length=1, description="width of each trunk layer")
    trunk_convolutions: list[Positive] = Field(
        [],
        max_length=4,
        description="filters of each convolution that the trunk begins with, for images of one height and "
        "width; an encoder is then a convolution alone",
    )
    dueling: bool = Field(False, description="dueling heads in place of linear ones")
    conditioning: Conditioning = Field("none", description="hard: what the trunk is told of the task")
    tied_ends: bool = Field(
        False, description="hard: encoders and heads are shared too, of tasks that look and act alike"
    )
    pull: PositiveFloat = Field(1e-3, description="l2: strength of the pull on the trunks towards their mean")
    experts: Annotated[int, Field(gt=0, le=64)] = Field(4, description="moe: number of experts")
    orthogonal_experts: bool = Field(False, description="moe: experts are made orthonormal before mixing")
    trunk_from: str | None = Field(
        None, description="directory of a run whose trunk this one starts with; null for a fresh trunk"
    )
    trunk_frozen_for: Annotated[int, Field(ge=0)] | None = Field(
        0, description="updates in which that trunk stays as it is; null for all"
    )


class ReplayConfig(Section):
    """Replay: one table a task."""

    shards: Annotated[int, Field(gt=0, le=100)] = Field(1, description="replay servers")
    selector: Literal["uniform", "proportional"] = Field("uniform", description="how items are drawn")
    capacity: Capacity = Field(
        100_000, description="transitions kept of each task, or their bytes, such as 512MiB"
    )
    memory_budget: Bytes = Field(2 * 2**30, description="bytes that all tables together may take")
    n_step: Annotated[int, Field(gt=0, le=100)] = Field(5, description="steps summed before bootstrapping")
    min_size_to_sample: Positive = Field(1_000, description="transitions of a task before it is learned from")
    samples_per_insert: PositiveFloat | None = Field(
        16.0, description="times a transition is drawn over its life, on average; null for no limit"
    )
    error_buffer: PositiveFloat | None = Field(
        None,
        description="samples by which it may be off at a time; null for twice the least that works",
    )
    priority_exponent: Fraction = Field(0.6, description="proportional: exponent of priorities")
    importance_exponent_start: Fraction = Field(0.4, description="importance sampling exponent, first")
    importance_exponent_end: Fraction = Field(1.0, description="importance sampling exponent, in the end")
    importance_exponent_steps: Positive = Field(10_000, description="updates from the first to the last")
    silence_seconds: PositiveFloat = Field(
        30.0,
        description="seconds for which a replay server that does not answer is waited for; after them it is "
        "ended, and an empty one takes its place",
    )


class ActorsConfig(Section):
    """Acting, the same for every task."""

    fragment_length: Positive = Field(
        32, description="steps of each stream in one message to replay; fewer if they take more than 10 s"
    )
    epsilon_base: Fraction = Field(0.4, description="epsilon ladder: base^(1 + exponent i / (N - 1))")
    epsilon_exponent: NonNegativeFloat = Field(7.0, description="exponent of the epsilon ladder")
    exploration_max_duration: Positive = Field(
        50, description="longest time an exploratory action is held, in steps; 1 for plain epsilon-greedy"
    )
    exploration_zeta: Annotated[float, Field(gt=1)] = Field(
        2.0, description="exponent of the zeta distribution of that time"
    )


class LearnerConfig(Section):
    """The update."""

    batch_size: Positive = Field(256, description="transitions of all tasks in one update")
    learning_rate: PositiveFloat = Field(1e-3, description="Adam's step size")
    learning_rate_end: PositiveFloat | None = Field(
        None, description="step size in the end, reached in a straight line; null for the same throughout"
    )
    learning_rate_steps: Positive = Field(10_000, description="updates until then")
    adam_epsilon: PositiveFloat = Field(1.5e-4, description="Adam's epsilon")
    max_gradient_norm: PositiveFloat = Field(10.0, description="bound on the norm of the whole gradient")
    loss: Literal["huber", "squared", "hl_gauss"] = Field(
        "huber",
        description="huber, squared: of a TD error; hl_gauss: cross-entropy of heads with bins, which needs "
        "value_scale return_range",
    )
    value_scale: Literal["none", "return_range", "popart"] = Field(
        "none",
        description="unit of each task's values and TD errors; none: the rewards'; return_range: a part of "
        "the largest return, for tasks of mixed scales; popart: running mean and deviation of the targets",
    )
    double: bool = Field(True, description="Double DQN: choose the bootstrap action by the online network")
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
        description="how losses become one update; equal: their sum; fixed: weighted by loss_weight; "
        "uncertainty, dwa, famo: weights that follow the losses; others combine the gradients of each "
        "task in what the tasks share",
    )
    target_period: Positive = Field(200, description="updates between copies to the target network")
    target_rate: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None, description="Polyak averaging rate of the target network; null for periodic copies"
    )
    publish_period: Positive = Field(50, description="updates between publications of the weights")
    prefetch_batches: Positive = Field(
        64, description="batches of a task that are asked for ahead, in two requests or more"
    )
    stall_seconds: PositiveFloat = Field(
        600.0,
        description="seconds that the learner waits without any new transition until the run ends, saved; "
        "a run that has got over long pauses waits up to five times the longest of them",
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="auto: cuda where there is one")
    threads: Positive = Field(1, description="CPU threads of the learner")


class EvaluationConfig(Section):
    """Greedy evaluation, in environments of its own."""

    period: Positive = Field(800, description="updates between evaluations")
    episodes: Positive = Field(100, description="fresh episodes of each task in one evaluation")
    envs: Positive | None = Field(
        None, description="environments of a task that play them; null for envs_per_actor, but at most 8"
    )


class ProbesConfig(Section):
    """What is read of the network while it learns."""

    period: Positive | None = Field(
        1_000,
        description="updates between readings, each as long as 4 updates (64 tasks: 20); null for none",
    )


class CheckpointConfig(Section):
    """Checkpoints."""

    period: Positive = Field(5_000, description="updates between checkpoints")
    seconds: PositiveFloat = Field(
        300.0, description="seconds between checkpoints at most, where updates are slow"
    )
    keep: Positive = Field(3, description="newest checkpoints to keep")
    replay: bool = Field(True, description="whether replay is saved with them")


class MetricsConfig(Section):
    """The Prometheus endpoint."""

    host: str = Field("127.0.0.1", description="address to listen on")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(9464, description="port of /metrics; 0 for none")


class RunConfig(Section):
    """A whole run."""

    seed: Annotated[int, Field(ge=0, lt=2**31)] = Field(1, description="root of every random number")
    stop_env_steps: Positive = Field(1_000_000, description="budget: env steps of all tasks together")
    tasks: Annotated[dict[TaskName, TaskConfig], Field(min_length=1)]
    network: NetworkConfig = NetworkConfig()
    replay: ReplayConfig = ReplayConfig()
    actors: ActorsConfig = ActorsConfig()
    learner: LearnerConfig = LearnerConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    probes: ProbesConfig = ProbesConfig()
    checkpoint: CheckpointConfig = CheckpointConfig()
    metrics: MetricsConfig = MetricsConfig()

    def on_one_machine(self) -> "RunConfig":
        """Return the same without a cluster: one actor, and so one shard, where nobody says how many."""
        tasks = {
            name: task if task.actors else task.model_copy(update={"actors": task.actors_here, "shards": 1})
            for name, task in self.tasks.items()
        }
        return self.model_copy(update={"tasks": tasks})
