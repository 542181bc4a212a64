"""Whole local runs as jobs: from a configuration to the files of the finished run."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cluster.ray.jobs import side_by_side
from config.loading import parse_config
from config.resolution import rehearse
from deploy.launch import start_run
from training.directory.run_directory import METRICS, TENSORBOARD
from training.json_text import json_line
from training.parts.parts import Parts

COST = "cost.json"
_LEFT_BEHIND = (METRICS, TENSORBOARD)


@dataclass(frozen=True)
class Job:
    """A run to be made: its name, and its configuration as a YAML file would give it."""

    name: str
    config: Mapping[str, Any]


@dataclass(frozen=True)
class FinishedJob:
    """A job that ended.

    Attributes:
        name: of the job.
        files: of its run directory, by path within it, `cost.json` among them; none if it failed.
        failure: why it failed, in a sentence; None if it did not.
    """

    name: str
    files: Mapping[str, bytes]
    failure: str | None


def run_job(job: Job) -> FinishedJob:
    """Make a run in this process, in a directory of its own that is gone in the end.

    The files are its run directory's, without the series that a person would watch. `cost.json` says what it
    took: parameters of the network, and the most memory that the process held.
    """
    try:
        run = rehearse(parse_config(dict(job.config)))
        _forget_peak_memory()
        with tempfile.TemporaryDirectory() as scratch:
            directory = Path(scratch) / "run"
            summary = start_run(run, directory, "local", None, ())
            if summary["stopped_by"] == "interrupted":
                return FinishedJob(job.name, {}, "it was interrupted")
            network = Parts(run.config, run.specs).network()
            cost = {
                "parameters": sum(parameter.numel() for parameter in network.parameters()),
                "memory_bytes": _peak_memory_bytes(),
            }
            (directory / COST).write_bytes(json_line(cost))
            return FinishedJob(job.name, _files(directory), None)
    except Exception as error:
        return FinishedJob(job.name, {}, str(error) or type(error).__name__)


def run_jobs(jobs: Sequence[Job], workers: int | None, address: str | None) -> Iterator[FinishedJob]:
    """Run jobs side by side over Ray, and yield each as it ends; one whose process dies has failed.

    Arguments and errors are those of `cluster.ray.jobs.side_by_side`.
    """
    return side_by_side(run_job, jobs, workers, address, lambda job, why: FinishedJob(job.name, {}, why))


def _files(directory: Path) -> dict[str, bytes]:
    found = ((path.relative_to(directory), path) for path in sorted(directory.rglob("*")) if path.is_file())
    return {str(name): path.read_bytes() for name, path in found if name.parts[0] not in _LEFT_BEHIND}


def _forget_peak_memory() -> None:
    """Let the peak begin anew: a process may make several runs. Where that is not allowed it stays."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    except OSError:
        return


def _peak_memory_bytes() -> int:
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024
