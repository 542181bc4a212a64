"""How far a run has come, and what it came to."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from training.evaluation.judge import EvaluationResult
from training.status.accounting import TaskAccount
from training.status.replay_counters import CountedSteps

StopReason = Literal["solved", "budget", "interrupted", "failed"]


@dataclass(frozen=True)
class Progress:
    """What earlier lives of a run amount to; all zero for a new one.

    Attributes:
        env_steps: environment steps, by task.
        train_seconds: time in training.
        life: times that the run was resumed.
        weights_version: newest version published.
        counted: how many of the env steps came from each shard that was there.
    """

    env_steps: Mapping[str, int] = field(default_factory=dict)
    train_seconds: float = 0.0
    life: int = 0
    weights_version: int = -1
    counted: Sequence[CountedSteps] = ()

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds of it, as plain values."""
        return asdict(self) | {"counted": [steps.state() for steps in self.counted]}

    @classmethod
    def restored(cls, state: Mapping[str, Any], life: int) -> "Progress":
        """Return the progress that a checkpoint's state tells of, as `life` of the run begins."""
        return cls(
            env_steps=state["env_steps"],
            train_seconds=state["train_seconds"],
            life=life,
            weights_version=state.get("weights_version", -1),
            counted=[CountedSteps.restored(steps) for steps in state.get("counted", ())],
        )


@dataclass(frozen=True)
class Outcome:
    """How one life of a run ended.

    Attributes:
        reason: why it stopped.
        error: what went wrong, in a sentence; None unless the reason is `failed`.
        progress: all lives so far, this one included.
        learner_step: updates done over all lives.
        evaluation: the evaluation that its returns are reported from; None if there was none.
        weights_sha256: of the weights that it ended with.
        phase_seconds: learner's time by phase, in this life, since its first update.
        accounts: where each task's transitions went, in this life; None while that is not known.
        replay_saved: whether replay, as it was in the end, is in the run's directory.
        evaluations_failed: evaluations that came to no result, in this life.
    """

    reason: StopReason
    progress: Progress
    learner_step: int
    evaluation: EvaluationResult | None
    weights_sha256: str
    phase_seconds: Mapping[str, float]
    accounts: Mapping[str, TaskAccount] | None
    replay_saved: bool
    evaluations_failed: int
    error: str | None = None
