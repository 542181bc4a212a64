"""What a run came to, as `summary.json` says it."""

import platform
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from pydantic import BaseModel, ValidationError

from config.schema import RunConfig
from training.evaluation.judge import EvaluationResult
from training.status.progress import Outcome

_LIBRARIES = ("trunkline", "torch", "ray", "gymnasium", "numpy")


class _TaskResult(BaseModel, strict=True):
    greedy_return_mean: float | None
    greedy_return_std: float | None
    episodes: int
    solved_at: float | None
    solved: bool | None


class _Best(BaseModel, strict=True):
    learner_step: int
    means: dict[str, float | None]


class _Told(BaseModel, strict=True):
    """What is told of a run that has ended, when it is asked for once more."""

    solved: bool
    stopped_by: str
    train_seconds: float
    env_steps: int
    learner_steps: int
    replay_saved: bool
    tasks: dict[str, _TaskResult]
    evaluated_learner_step: int | None
    best: _Best | None


def is_summary(value: object) -> bool:
    """Return whether what stood in a file tells how a run ended, as `summarise` wrote it."""
    try:
        _Told.model_validate(value)
    except ValidationError:
        return False
    return True


def summarise(config: RunConfig, outcome: Outcome) -> dict[str, Any]:
    """Return the summary of a run: returns by task, whether each is solved, time, steps, versions."""
    tasks = {
        name: {
            **returns_of(outcome.evaluation, name, task.solved_at),
            "env_steps": outcome.progress.env_steps[name],
            "transitions": _account(outcome, name),
        }
        for name, task in config.tasks.items()
    }
    return {
        "solved": outcome.reason == "solved",
        "stopped_by": outcome.reason,
        "error": outcome.error,
        "train_seconds": round(outcome.progress.train_seconds, 3),
        "learner_steps": outcome.learner_step,
        "env_steps": sum(outcome.progress.env_steps.values()),
        "seed": config.seed,
        "weights_sha256": outcome.weights_sha256,
        "learner_phase_seconds": {name: round(s, 3) for name, s in outcome.phase_seconds.items()},
        "replay_saved": outcome.replay_saved,
        "evaluations_failed": outcome.evaluations_failed,
        "tasks": tasks,
        "versions": versions(),
    }


def _account(outcome: Outcome, task: str) -> dict[str, Any] | None:
    account = None if outcome.accounts is None else outcome.accounts.get(task)
    return None if account is None else asdict(account)


def returns_of(evaluation: EvaluationResult | None, task: str, solved_at: float | None) -> dict[str, Any]:
    """Return one task's part of an evaluation."""
    mean = evaluation.mean(task) if evaluation else None
    return {
        "greedy_return_mean": mean,
        "greedy_return_std": evaluation.std(task) if evaluation else None,
        "greedy_return_discounted": evaluation.discounted_mean(task) if evaluation else None,
        "episodes": evaluation.episodes(task) if evaluation else 0,
        "solved_at": solved_at,
        "solved": None if solved_at is None else mean is not None and mean >= solved_at,
    }


def versions() -> dict[str, str]:
    """Return the versions that a result depends on."""
    return {"python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}}
