"""The schema of a run configuration.

Every field is read somewhere; a field that is absent takes the default that stands here.
"""

from typing import Annotated

from pydantic import Field

from config.sections.learner import LearnerConfig
from config.sections.network import NetworkConfig
from config.sections.replay import ReplayConfig
from config.sections.task import TaskConfig
from config.values import (
    Fraction,
    NonNegativeFloat,
    Positive,
    PositiveFloat,
    Section,
    TaskName,
)


class ActorsConfig(Section):
    """Acting, the same for every task."""

    fragment_length: Positive = Field(
        32,
        description="steps of each environment in one message to replay; a message has fewer if they take "
        "more than 10 s",
    )
    epsilon_base: Fraction = Field(
        0.4,
        description="environment i of the N environments of a task explores with epsilon = epsilon_base^(1 "
        "+ epsilon_exponent i / (N - 1))",
    )
    epsilon_exponent: NonNegativeFloat = Field(7.0, description="see epsilon_base")
    exploration_max_duration: Positive = Field(
        50,
        description="steps for which an exploratory action is repeated at most; 1 for plain epsilon-greedy",
    )
    exploration_zeta: Annotated[float, Field(gt=1)] = Field(
        2.0, description="exponent of the zeta distribution from which that number of steps is drawn"
    )


class EvaluationConfig(Section):
    """Greedy evaluation, in environments of its own."""

    period: Positive = Field(800, description="updates between two evaluations")
    episodes: Positive = Field(100, description="fresh greedy episodes of each task in one evaluation")
    envs: Positive | None = Field(
        None,
        description="environments of each task in which these episodes are played; null for "
        "envs_per_actor, but at most 8",
    )


class ProbesConfig(Section):
    """What is read of the network while it learns."""

    period: Positive | None = Field(
        1_000,
        description="updates between two readings of the probes; a reading takes as long as 4 updates "
        "(with 64 tasks, 20); null for no readings",
    )


class CheckpointConfig(Section):
    """Checkpoints."""

    period: Positive = Field(5_000, description="updates between two checkpoints")
    seconds: PositiveFloat = Field(
        300.0, description="seconds between two checkpoints at most, where updates are slow"
    )
    keep: Positive = Field(3, description="number of newest checkpoints that are kept")
    replay: bool = Field(True, description="whether replay is saved with each checkpoint")


class MetricsConfig(Section):
    """The Prometheus endpoint."""

    host: str = Field("127.0.0.1", description="address that the run's HTTP server listens on")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(
        9464, description="port of /metrics, /status and /scale; 0 for no server"
    )


class RunConfig(Section):
    """A whole run."""

    seed: Annotated[int, Field(ge=0, lt=2**31)] = Field(
        1, description="seed from which every random number of the run follows"
    )
    stop_env_steps: Positive = Field(
        1_000_000, description="the run ends after so many env steps of all tasks together"
    )
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
