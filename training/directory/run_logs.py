"""What a run writes down while it trains: statuses, evaluations, probes, as JSON lines and for TensorBoard.

A log that cannot be written does not end a run: see `AppendFile`.
"""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from learner.probes.reading import ProbeReading
from training.directory.json_lines import JsonLines, cut_lines
from training.directory.run_directory import EVALUATIONS, METRICS, PROBES, TENSORBOARD
from training.directory.tensorboard_events import EventFile
from training.evaluation.judge import EvaluationResult
from training.status.progress import Progress
from training.status.records import RunStatus
from training.status.reporting import Observer


class MetricsLog:
    """Writes each status as a line of `metrics.jsonl`."""

    def __init__(self, directory: Path) -> None:
        self.lines = JsonLines(directory / METRICS)

    def __call__(self, status: RunStatus) -> None:
        """Write a line."""
        self.lines.append(status.as_json())


class EvaluationLog:
    """Writes each evaluation as a line of `evaluations.jsonl`."""

    def __init__(self, directory: Path) -> None:
        self.lines = JsonLines(directory / EVALUATIONS)

    def __call__(self, result: EvaluationResult, progress: Progress) -> None:
        """Write a line: the updates before the evaluation, and each task's env steps and mean returns."""
        tasks = {
            task: {
                "env_steps": progress.env_steps[task],
                "discounted": result.discounted_mean(task),
                "undiscounted": result.mean(task),
                "episodes": result.episodes(task),
            }
            for task in result.returns
        }
        self.lines.append({"learner_step": result.request.snapshot.learner_step, "tasks": tasks})


class ProbesLog:
    """Writes each reading as a line of `probes.jsonl`: its fields by name, null for what is not a number."""

    def __init__(self, directory: Path) -> None:
        self.lines = JsonLines(directory / PROBES)

    def __call__(self, reading: ProbeReading) -> None:
        """Write a line."""
        self.lines.append(asdict(reading))


class TensorboardLog:
    """Writes each status as TensorBoard scalars over env steps.

    `purge_step` is the env step that a resumed run goes on from: what was written of later ones is void.
    """

    def __init__(self, directory: Path, purge_step: int | None = None) -> None:
        self.events = EventFile(directory / TENSORBOARD, purge_step)

    def __call__(self, status: RunStatus) -> None:
        """Write scalars; what is not known yet is left out."""
        scalars: dict[str, float | None] = {
            "learner/updates_per_second": status.updates_per_second,
            "learner/update_fraction": status.update_fraction,
            **{f"probes/{name}": value for name, value in asdict(status.trunk).items()},
        }
        for task in status.tasks:
            of_task = {
                "greedy_return": task.greedy_return,
                "recent_return": task.replay.table.recent_return,
                "recent_length": task.replay.table.recent_length,
                "loss": task.learning.loss,
                "weight": task.learning.weight,
                "env_steps_per_second": task.env_steps_per_second,
                "staleness_versions": task.learning.staleness,
                "samples_per_insert": task.replay.samples_per_insert,
                **asdict(task.probes),
            }
            scalars |= {f"{task.name}/{name}": value for name, value in of_task.items()}
        known = {name: value for name, value in scalars.items() if value is not None}
        self.events.add(known, status.env_steps)


class RunLogs:
    """The logs of one life of a run, cut where it goes on.

        logs = RunLogs(directory, before, learner_step=5000)
        outlets = Outlets(observers=logs.observers, evaluation=logs.evaluations, probes=logs.probes)

    What an earlier life wrote beyond the checkpoint that this one goes on from is moved out of the logs, to
    `metrics.jsonl.cut-<life>` and the like: the curves do not go back in time.

    Args:
        directory: of the run.
        before: what the checkpoint says of earlier lives.
        learner_step: of the checkpoint; 0 without one.
    """

    def __init__(self, directory: Path, before: Progress, learner_step: int) -> None:
        env_steps = sum(before.env_steps.values())
        if before.life > 0:
            for name, belongs in _before(learner_step, env_steps).items():
                cut_lines(directory / name, belongs, directory / f"{name}.cut-{before.life}")
        self.metrics = MetricsLog(directory)
        self.tensorboard = TensorboardLog(directory, env_steps if before.life > 0 else None)
        self.evaluations = EvaluationLog(directory)
        self.probes = ProbesLog(directory)

    @property
    def observers(self) -> list[Observer]:
        """Return the logs of statuses."""
        return [self.metrics, self.tensorboard]

    def lost(self) -> dict[str, int]:
        """Return how many records could not be written, by log."""
        files = [log.lines.file for log in (self.metrics, self.evaluations, self.probes)]
        return {file.name: file.lost for file in files} | {TENSORBOARD: self.tensorboard.events.file.lost}


def _before(learner_step: int, env_steps: int) -> dict[str, Callable[[dict[str, Any]], bool]]:
    """Return, for each log, which of its lines a run keeps that goes on from a checkpoint.

    The probes are read before an update: those of the checkpoint's own learner step will be read again.
    """

    def metrics(line: dict[str, Any]) -> bool:
        steps = sum(task["env_steps"] for task in line["tasks"])
        return bool(line["learner_step"] <= learner_step and steps <= env_steps)

    return {
        METRICS: metrics,
        EVALUATIONS: lambda line: bool(learner_step > 0 and line["learner_step"] <= learner_step),
        PROBES: lambda line: bool(line["learner_step"] < learner_step),
    }
