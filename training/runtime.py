"""What the training loop needs of a runtime: the seam between in-process and Ray.

A runtime is made of five parts, and whoever needs one of them is given that one.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

from actors.actor import ActorReport
from learner.weights_publisher import WeightsSink
from replay.client import ShardClient
from training.evaluation.judge import EvaluationRequest, EvaluationResult
from training.fleet import ClusterStatus, Crew


class Actors(Protocol):
    """Those who act, all tasks together."""

    def start(self) -> None:
        """Set every task's actors to work; weights must have been published.

        Raises:
            TrainingFailedError: one cannot be built.
        """

    def advance(self) -> None:
        """Let go on those that have no process of their own; called between any two updates.

        Raises:
            TrainingFailedError: no actor of some task can go on; the message says why.
        """

    def stop(self) -> list[ActorReport]:
        """Let them finish what they have sent, then end them; return what those that could report."""


class Fleet(Protocol):
    """Who works where, and how many of them there should be."""

    @property
    def cluster(self) -> ClusterStatus:
        """The nodes as they are now; none where there is no cluster."""

    def crew(self, task: str) -> Crew:
        """Return the state of a task's actors."""

    def scale(self, task: str, count: int | None) -> None:
        """Want so many actors of a task from now on; None for one in every slot.

        Raises:
            ConfigError: the number of actors cannot change; the message says why.
        """


Standing = Literal["silent", "returned", "gone", "replaced"]


@dataclass(frozen=True)
class ShardState:
    """How a shard stands that did not answer.

    Attributes:
        name: it is `silent` and may still answer; it has `returned`, with all that it holds; it is `gone`,
            its process has ended; it was `replaced`: an empty successor answers in its place.
        trouble: what is waited for, in one sentence; None once it answers.
    """

    name: Standing
    trouble: str | None = None


class Shards(Protocol):
    """Where replay is."""

    @property
    def clients(self) -> list[ShardClient]:
        """The way to each shard, by its index."""

    def revive(self, shard: int, reason: str) -> ShardState:
        """Look after a shard that does not answer, for `reason`; return how it stands.

        Called again and again until it has returned or was replaced.

        Raises:
            TrainingFailedError: the shard died again and again.
        """

    def save(self) -> bool:
        """Begin to save every shard; return False, and do nothing, while the last time goes on.

        Raises:
            TrainingFailedError: the files cannot be written.
        """

    def finish_save(self, timeout_seconds: float) -> bool:
        """Wait at most so long until what `save` began is done; return whether all is saved.

        Raises:
            TrainingFailedError: the files cannot be written.
        """


class EvaluationService(Protocol):
    """Who evaluates weights; at most one evaluation is under way."""

    def request(self, request: EvaluationRequest) -> None:
        """Begin an evaluation, or one that failed once more."""

    def finished(self) -> EvaluationResult | None:
        """Return the evaluation under way once it is finished.

        Raises:
            EvaluationFailedError: it came to no result; the environments that failed have been replaced.
        """


class Runtime(Protocol):
    """Everything around the learner.

    A runtime is a context manager: entering it brings up shards and evaluators, leaving it ends whatever is
    left.
    """

    @property
    def weights(self) -> WeightsSink:
        """Takes the newest weights for all actors."""

    @property
    def actors(self) -> Actors:
        """Those who act."""

    @property
    def fleet(self) -> Fleet:
        """Who works where."""

    @property
    def shards(self) -> Shards:
        """Where replay is."""

    @property
    def evaluator(self) -> EvaluationService:
        """Who evaluates weights."""

    def halt(self) -> None:
        """Let what is under way in the learner's own process end soon; called from a signal handler."""
