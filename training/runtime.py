"""What the training loop needs of a runtime: the seam between in-process and Ray."""

from typing import Literal, Protocol

from actors.actor import ActorReport
from network.weights import WeightsSnapshot
from replay.client import ShardClient
from training.evaluation.judge import EvaluationRequest, EvaluationResult
from training.fleet import Crew, Node

ShardState = Literal["silent", "returned", "gone", "replaced"]
"""How a shard that did not answer stands: it may still answer; it answers again, with all that it holds; its
process is gone; an empty successor answers in its place."""


class Runtime(Protocol):
    """Everything around the learner.

    A runtime is a context manager: entering it brings up shards and evaluators, leaving it ends whatever is
    left. Actors start with the first weights that are published.
    """

    @property
    def clients(self) -> list[ShardClient]:
        """The way to each shard, by its index."""

    def publish(self, snapshot: WeightsSnapshot) -> None:
        """Make weights the newest for all actors."""

    def start_actors(self) -> None:
        """Set every task's actors to work; weights must have been published."""

    def advance(self) -> None:
        """Let actors that have no process of their own go on; called between updates."""

    def supervise(self) -> None:
        """Look after the actors.

        Raises:
            TrainingFailedError: all actors of a task died again and again; the message says why.
        """

    def crew(self, task: str) -> Crew:
        """Return the state of a task's actors."""

    def nodes(self) -> list[Node]:
        """Return the nodes of the cluster; none where there is no cluster."""

    def node_deaths(self) -> int:
        """Return how many nodes died."""

    def scale(self, task: str, count: int | None) -> None:
        """Want so many actors of a task from now on; None for one in every slot.

        Raises:
            ConfigError: the number of actors cannot change; the message says why.
        """

    def request_evaluation(self, request: EvaluationRequest) -> None:
        """Begin an evaluation, or one that failed once more; at most one is under way."""

    def finished_evaluation(self) -> EvaluationResult | None:
        """Return the evaluation under way once it is finished.

        Raises:
            EvaluationFailedError: it came to no result; the environments that failed have been replaced.
        """

    def halt(self) -> None:
        """Let what is under way in the learner's own process end soon; called from a signal handler."""

    def stop_actors(self) -> list[ActorReport]:
        """Let actors finish what they have sent, then end them; return what those that could report."""

    def revive(self, shard: int, reason: str) -> ShardState:
        """Look after a shard that does not answer, for `reason`; return how it stands.

        Called again and again until it has returned or was replaced.

        Raises:
            TrainingFailedError: the shard died again and again.
        """

    def shard_trouble(self, shard: int) -> str | None:
        """Return in one sentence what is waited for while a shard does not answer; None if all is well."""

    def shard_restarts(self, shard: int) -> int:
        """Return how often a shard was replaced."""

    def save_replay(self) -> bool:
        """Begin to save every shard; return False, and do nothing, while the last time goes on."""

    def finish_save(self, timeout_seconds: float) -> bool:
        """Wait at most so long until what `save_replay` began is done; return whether all is saved."""
