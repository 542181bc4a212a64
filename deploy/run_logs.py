"""What a run writes down while it trains: statuses and evaluations, as lines of JSON and for TensorBoard."""

import json
from dataclasses import asdict
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from deploy.judge import EvaluationResult
from deploy.progress import Progress
from deploy.run_directory import EVALUATIONS, METRICS, TENSORBOARD
from deploy.status import RunStatus


class MetricsLog:
    """Writes each status as a line of `metrics.jsonl`."""

    def __init__(self, directory: Path) -> None:
        self._file = (directory / METRICS).open("a", encoding="utf-8")

    def __call__(self, status: RunStatus) -> None:
        """Write a line."""
        self._file.write(json.dumps(asdict(status)) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class EvaluationLog:
    """Writes each evaluation as a line of `evaluations.jsonl`."""

    def __init__(self, directory: Path) -> None:
        self._file = (directory / EVALUATIONS).open("a", encoding="utf-8")

    def __call__(self, result: EvaluationResult, progress: Progress) -> None:
        """Write a line: the updates behind the weights, and of each task its env steps and mean returns."""
        line = {
            "learner_step": result.request.snapshot.learner_step,
            "tasks": {
                task: {
                    "env_steps": progress.env_steps[task],
                    "discounted": result.discounted_mean(task),
                    "undiscounted": result.mean(task),
                    "episodes": result.episodes(task),
                }
                for task in result.returns
            },
        }
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class TensorboardLog:
    """Writes each status as TensorBoard scalars over env steps."""

    def __init__(self, directory: Path) -> None:
        self._writer = SummaryWriter(str(directory / TENSORBOARD))

    def __call__(self, status: RunStatus) -> None:
        """Write scalars."""
        self._add("learner/updates_per_second", status.updates_per_second, status.env_steps)
        self._add("learner/update_fraction", status.update_fraction, status.env_steps)
        self._add("probes/dormant_share", status.dormant_share, status.env_steps)
        self._add("probes/effective_rank", status.effective_rank, status.env_steps)
        for task in status.tasks:
            self._add(f"{task.name}/greedy_return", task.greedy_return, status.env_steps)
            self._add(f"{task.name}/recent_return", task.table.recent_return, status.env_steps)
            self._add(f"{task.name}/loss", task.loss, status.env_steps)
            self._add(f"{task.name}/weight", task.weight, status.env_steps)
            self._add(f"{task.name}/env_steps_per_second", task.env_steps_per_second, status.env_steps)
            self._add(f"{task.name}/staleness_versions", task.staleness, status.env_steps)
            self._add(f"{task.name}/samples_per_insert", task.samples_per_insert, status.env_steps)
            for probe, value in asdict(task.probes).items():
                self._add(f"{task.name}/{probe}", value, status.env_steps)

    def close(self) -> None:
        """Write what is left and close the files."""
        self._writer.close()

    def _add(self, name: str, value: float | None, env_steps: int) -> None:
        if value is not None:
            self._writer.add_scalar(name, value, env_steps)
