"""A run's directory: what it was asked to do, what it said, where it can go on from."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from deploy.config.loading import parse_config, to_yaml
from deploy.config.schema import RunConfig
from deploy.config.yaml_text import parse_yaml
from deploy.errors import ConfigError, TrainingFailedError
from deploy.progress import Progress
from deploy.shell import as_operand, command_line
from deploy.status import DiskStatus
from learner.checkpoint import Checkpoint, load_newest_checkpoint, save_checkpoint
from learner.learner import Learner
from learner.learner_state import learner_tensors
from replay.durable import replace_synced

CONFIG = "config.yaml"
LIVES = "lives"
REPLAY = "replay"
EVALUATIONS = "evaluations.jsonl"
METRICS = "metrics.jsonl"
TENSORBOARD = "tensorboard"
SUMMARY = "summary.json"


class RunDirectory:
    """The files of one run.

        directory = RunDirectory.create(Path("runs/a"), config)
        directory = RunDirectory.open(Path("runs/a"))
        checkpoint, passed_over = directory.newest_checkpoint()

    Attributes:
        path: the directory.
        config: the run's resolved configuration.
    """

    def __init__(self, path: Path, config: RunConfig) -> None:
        self.path = path
        self.config = config

    @classmethod
    def create(cls, path: Path, config: RunConfig) -> "RunDirectory":
        """Make the directory of a new run.

        Raises:
            ConfigError: it exists, or cannot be made.
        """
        refuse_existing(path)
        unfinished = path.with_name(f".{path.name}.new")
        try:
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(parents=True)
            directory = cls(unfinished, config)
            directory.write_config()
            directory.count_life(0)
            unfinished.rename(path)
        except OSError as error:
            raise ConfigError(f"--run-dir: {str(path)!r} cannot be made: {error.strerror}") from error
        return cls(path, config)

    @classmethod
    def open(cls, path: Path) -> "RunDirectory":
        """Read the directory of an earlier run.

        Raises:
            ConfigError: it is not one.
        """
        try:
            text = (path / CONFIG).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not text"
            raise ConfigError(
                f"RUN_DIR: {str(path)!r} is not a run directory: its {CONFIG} cannot be read ({reason})"
            ) from error
        return cls(path, parse_config(parse_yaml(text, str(path / CONFIG))))

    def write_config(self) -> None:
        """Write the configuration as resolved."""
        replace_synced(self.path / CONFIG, to_yaml(self.config).encode())

    def lives(self) -> int:
        """Return how many lives of the run have begun."""
        try:
            return int((self.path / LIVES).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return 0

    def count_life(self, life: int) -> None:
        """Write down that a life has begun, counted from 0: its number is never used again."""
        replace_synced(self.path / LIVES, f"{life + 1}\n".encode())

    def disk(self) -> DiskStatus:
        """Return how full the file system is."""
        usage = shutil.disk_usage(self.path)
        return DiskStatus(usage.free, usage.total)

    def has_checkpoints(self) -> bool:
        """Return whether there is anything that was meant as a checkpoint."""
        return self._checkpoints.is_dir() and any(self._checkpoints.iterdir())

    def summary(self) -> dict[str, Any] | None:
        """Return `summary.json`, or None if no life of the run has ended in order."""
        try:
            summary: dict[str, Any] = json.loads((self.path / SUMMARY).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return summary

    def save_checkpoint(self, learner: Learner, progress: Progress) -> None:
        """Write a checkpoint of a learner and of how far the run has come.

        Raises:
            TrainingFailedError: it cannot be written.
        """
        state = {"learner_step": learner.learner_step, "seed": self.config.seed, **asdict(progress)}
        tensors = learner_tensors(learner) | {"random": {"torch": torch.get_rng_state()}}
        checkpoint = Checkpoint(tensors, state, {CONFIG: to_yaml(self.config)})
        try:
            save_checkpoint(self._checkpoints, learner.learner_step, checkpoint, self.config.checkpoint.keep)
        except OSError as error:
            raise TrainingFailedError(
                f"a checkpoint cannot be written: {error.filename or self._checkpoints}: {error.strerror}"
            ) from error

    def newest_checkpoint(self) -> tuple[Checkpoint, list[str]]:
        """Return the newest checkpoint that verifies, and a sentence for each that was passed over.

        Raises:
            CheckpointError: there is none.
        """
        checkpoint, _, passed_over = load_newest_checkpoint(self._checkpoints)
        return checkpoint, passed_over

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        """Write `summary.json`."""
        replace_synced(self.path / SUMMARY, (json.dumps(summary, indent=2) + "\n").encode())

    @property
    def _checkpoints(self) -> Path:
        return self.path / "checkpoints"


def refuse_existing(path: Path) -> None:
    """Raise a ConfigError if there is something at the path of a new run, or if the path cannot be."""
    try:
        path.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise ConfigError(f"--run-dir: {str(path)!r} cannot be made: {error.strerror}") from error
    resume = command_line(["trunkline", "resume", as_operand(path)])
    raise ConfigError(
        f"--run-dir: {str(path)!r} exists; allowed is a path that does not (to go on with that run: {resume})"
    )
