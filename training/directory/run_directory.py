"""A run's directory: what it was asked to do, what it said, where it can go on from."""

import contextlib
import errno
import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from config.errors import ConfigError
from config.loading import parse_config, to_yaml
from config.schema import RunConfig
from config.yaml_text import parse_yaml
from learner.checkpoint import Checkpoint, CheckpointError, load_newest_checkpoint, save_checkpoint
from learner.checkpoint_names import BEST, LAST, CheckpointNames
from learner.learner import Learner
from learner.learner_state import learner_tensors
from replay.durable import replace_synced
from training.directory.owner import OWNER, Ownership, owned
from training.errors import TrainingFailedError
from training.json_text import NotJsonError, json_line, read_json
from training.shell import as_operand, command_line
from training.status.progress import Progress
from training.status.records import DiskStatus

CONFIG = "config.yaml"
CHECKPOINTS = "checkpoints"
LIVES = "lives"
MOST_LIVES = 1_000_000
REPLAY = "replay"
EVALUATIONS = "evaluations.jsonl"
METRICS = "metrics.jsonl"
PROBES = "probes.jsonl"
TENSORBOARD = "tensorboard"
SUMMARY = "summary.json"
_OF_A_START = {OWNER, LIVES, f".{LIVES}.new", f".{CONFIG}.new"}
"""What a start leaves that was killed before there was a run: its configuration comes last."""

logger = logging.getLogger(__name__)


class RunDirectory:
    """The files of one run.

        with RunDirectory.claim(Path("runs/a")) as ownership:    # whoever trains in it; readers need not
            directory = RunDirectory.create(Path("runs/a"), config, ownership)
        directory = RunDirectory.open(Path("runs/a"))
        checkpoint, passed_over = directory.newest_checkpoint()

    Attributes:
        path: the directory.
        config: the run's resolved configuration.
    """

    def __init__(self, path: Path, config: RunConfig, ownership: Ownership | None = None) -> None:
        self.path = path
        self.config = config
        self._ownership = ownership

    @staticmethod
    @contextmanager
    def claim(path: Path) -> Iterator[Ownership]:
        """Be the only one who trains in a directory, which is made if need be.

        A directory in which no run was begun is gone afterwards.

        Raises:
            ConfigError: somebody else trains in it, or it cannot be made or written.
        """
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _cannot_be_made(path, error) from error
        try:
            with owned(path, "run directory") as ownership, _cleared_if_not_begun(path):
                yield ownership
        finally:
            with contextlib.suppress(OSError):
                path.rmdir()

    @classmethod
    def create(cls, path: Path, config: RunConfig, ownership: Ownership | None = None) -> "RunDirectory":
        """Make the directory of a new run.

        Raises:
            ConfigError: it exists, or cannot be made.
        """
        refuse_existing(path)
        directory = cls(path, config, ownership)
        try:
            path.mkdir(parents=True, exist_ok=True)
            directory.count_life(0)
            directory.write_config()
        except OSError as error:
            raise _cannot_be_made(path, error) from error
        return directory

    @classmethod
    def open(cls, path: Path) -> "RunDirectory":
        """Read the directory of an earlier run.

        Where its configuration is missing, the one inside its newest checkpoint is used.

        Raises:
            ConfigError: it is not one.
        """
        try:
            text = _config_text(path)
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not text"
            raise ConfigError(
                f"RUN_DIR: {str(path)!r} is not a run directory: its {CONFIG} cannot be read ({reason})"
            ) from error
        return cls(path, parse_config(parse_yaml(text, str(path / CONFIG))))

    def begin_life(self, life: int) -> None:
        """Write down that another life begins, and with which configuration.

        Raises:
            TrainingFailedError: it cannot be written down.
        """
        try:
            self.write_config()
            self.count_life(life)
        except OSError as error:
            raise TrainingFailedError(
                f"the run cannot go on: {error.filename or self.path} cannot be written: {error.strerror}"
            ) from error

    def write_config(self) -> None:
        """Write the configuration as resolved."""
        replace_synced(self.path / CONFIG, to_yaml(self.config).encode())

    def lives(self) -> int:
        """Return how many lives of the run have begun.

        Raises:
            ConfigError: the file that says so was changed.
        """
        file = self.path / LIVES
        if not os.path.lexists(file):
            return 0
        try:
            lives = int(file.read_bytes()) if file.is_file() else -1
        except (OSError, ValueError):
            lives = -1
        if not 0 <= lives <= MOST_LIVES:
            raise ConfigError(
                f"{str(file)!r} should hold the number of times that the run was started, 0 to {MOST_LIVES:,}"
            )
        return lives

    def count_life(self, life: int) -> None:
        """Write down that a life has begun, counted from 0: its number is never used again."""
        replace_synced(self.path / LIVES, f"{life + 1}\n".encode())

    def disk(self) -> DiskStatus | None:
        """Return how full the file system is; None if it does not say."""
        try:
            usage = shutil.disk_usage(self.path)
        except OSError:
            return None
        return DiskStatus(usage.free, usage.total)

    def has_checkpoints(self) -> bool:
        """Return whether there is anything that was meant as a checkpoint."""
        return bool(LAST.newest_first(self.checkpoints))

    def summary(self) -> dict[str, Any] | None:
        """Return `summary.json`, or None if no life of the run has ended in order, or it cannot be read."""
        try:
            summary = read_json(self.path / SUMMARY)
        except NotJsonError:
            return None
        return summary if isinstance(summary, dict) else None

    def save_checkpoint(self, learner: Learner, progress: Progress) -> None:
        """Write a checkpoint of a learner and of how far the run has come.

        Raises:
            TrainingFailedError: it cannot be written, or somebody else has taken the directory over.
        """
        if self._ownership is not None:
            self._ownership.check()
        state = {"learner_step": learner.learner_step, "seed": self.config.seed, **progress.state()}
        tensors = learner_tensors(learner) | {"random": {"torch": torch.get_rng_state()}}
        checkpoint = Checkpoint(tensors, state, {CONFIG: to_yaml(self.config)})
        try:
            self._write_again_what_is_gone(progress.life)
            save_checkpoint(self.checkpoints, learner.learner_step, checkpoint, self.config.checkpoint.keep)
        except OSError as error:
            raise TrainingFailedError(
                f"a checkpoint cannot be written: {error.filename or self.checkpoints}: {error.strerror}"
            ) from error

    def _write_again_what_is_gone(self, life: int) -> None:
        """Write what a resumed run needs besides checkpoints: somebody removed or moved the directory."""
        if all(os.path.lexists(self.path / name) for name in (CONFIG, LIVES)):
            return
        self.path.mkdir(parents=True, exist_ok=True)
        self.count_life(life)
        self.write_config()
        logger.warning(
            "%s was removed or moved while the run trains: checkpoints are written there from now on, and "
            "what it had written before is not",
            self.path,
        )

    def newest_checkpoint(self, names: CheckpointNames = LAST) -> tuple[Checkpoint, list[str]]:
        """Return the newest checkpoint that verifies, and a sentence for each that was passed over.

        Raises:
            CheckpointError: there is none.
        """
        checkpoint, _, passed_over = load_newest_checkpoint(self.checkpoints, names)
        return checkpoint, passed_over

    def save_best(self, learner_step: int, checkpoint: Checkpoint) -> None:
        """Write the best weights in the place of those before.

        Raises:
            OSError: they cannot be written; those before are still there.
            TrainingFailedError: somebody else has taken the directory over.
        """
        if self._ownership is not None:
            self._ownership.check()
        save_checkpoint(self.checkpoints, learner_step, checkpoint, keep=1, names=BEST)

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        """Write `summary.json`; if that is not possible a warning says so, since the run itself is saved."""
        try:
            replace_synced(self.path / SUMMARY, json_line(summary, indent=2))
        except OSError as error:
            logger.warning("%s cannot be written: %s", self.path / SUMMARY, error.strerror or error)

    @property
    def checkpoints(self) -> Path:
        """Where checkpoints lie."""
        return self.path / CHECKPOINTS


def _config_text(path: Path) -> str:
    """Return the configuration of the run at a path, as text.

    Raises:
        OSError, UnicodeDecodeError: it cannot be read; where it is missing, no checkpoint has it either.
    """
    file = path / CONFIG
    if file.exists() and not file.is_file():  # a pipe would have no end
        raise OSError(errno.EINVAL, "not a regular file")
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        with contextlib.suppress(CheckpointError, KeyError):
            text = load_newest_checkpoint(path / CHECKPOINTS)[0].texts[CONFIG]
            logger.warning("%s is missing: the one in the newest checkpoint is used", file)
            return text
        raise


def is_begun(path: Path) -> bool:
    """Return whether there is anything at a path but what a start left that was killed."""
    if not os.path.isdir(path):  # which says no to a path that cannot be, such as one that is too long
        return os.path.lexists(path)
    names = {entry.name for entry in path.iterdir()}
    return OWNER not in names or not names <= _OF_A_START


def refuse_existing(path: Path) -> None:
    """Raise a ConfigError if there is something at the path of a new run, or if the path cannot be."""
    try:
        path.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise _cannot_be_made(path, error) from error
    if is_begun(path):
        resume = command_line(["trunkline", "resume", as_operand(path)])
        advice = f" (to go on with that run: {resume})" if (path / CONFIG).is_file() else ""
        raise ConfigError(f"--run-dir: {str(path)!r} exists; allowed is a path that does not{advice}")


@contextmanager
def _cleared_if_not_begun(path: Path) -> Iterator[None]:
    try:
        yield
    finally:
        if not is_begun(path):
            for name in _OF_A_START - {OWNER}:
                (path / name).unlink(missing_ok=True)


def _cannot_be_made(path: Path, error: OSError) -> ConfigError:
    return ConfigError(f"--run-dir: {str(path)!r} cannot be made: {error.strerror or error}")
