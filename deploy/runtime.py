"""What the training loop needs of a runtime: the seam between in-process and Ray."""

from dataclasses import dataclass
from typing import Protocol

from deploy.judge import EvaluationRequest, EvaluationResult
from network.weights import WeightsSnapshot
from replay.client import ShardClient


@dataclass(frozen=True)
class Crew:
    """Actors of one task: how many are at work, how many were replaced so far."""

    actors: int
    restarts: int


class Runtime(Protocol):
    """Everything around the learner.

    A runtime is a context manager: entering it brings up shard and evaluators, leaving it ends whatever is
    left. Actors start with the first weights that are published.
    """

    @property
    def client(self) -> ShardClient:
        """The way to replay."""

    def publish(self, snapshot: WeightsSnapshot) -> None:
        """Make weights the newest for all actors."""

    def start_actors(self) -> None:
        """Set every task's actors to work; weights must have been published."""

    def advance(self) -> None:
        """Let actors that have no process of their own go on; called between updates."""

    def supervise(self) -> None:
        """Look after actors and evaluators: replace the dead.

        Raises:
            TrainingFailedError: something died again and again; the message says what and why.
        """

    def crew(self, task: str) -> Crew:
        """Return the state of a task's actors."""

    def request_evaluation(self, request: EvaluationRequest) -> None:
        """Begin an evaluation; at most one is under way."""

    def finished_evaluation(self) -> EvaluationResult | None:
        """Return the evaluation under way once it is finished."""

    def stop_actors(self) -> None:
        """Let actors finish what they have sent, then end them."""
