"""Checkpoints: complete or not there.

A checkpoint is a directory `step-<learner step>` with a manifest of the size and SHA-256 of every other file
in it. It is written under a temporary name, fsynced and renamed. No pickle: tensors are safetensors, plain
values are msgpack. Which directories count is decided in `learner.checkpoint_names`.
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgpack
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from learner.checkpoint_names import LAST, CheckpointNames
from replay.durable import remove_or_warn, sync_directory, write_synced
from replay.manifest import MANIFEST, DamagedFileError, listed, read_listed, read_regular

FORMAT = 2
STATE = "state.msgpack"
LOOKS = 100
"""How often a reader looks again after it lost a race with a learner that saves and removes checkpoints."""


class CheckpointError(RuntimeError):
    """No usable checkpoint; the message names what was found."""


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint holds.

    Attributes:
        tensors: tensors by name, in named groups (`weights`, `target`, `optimizer`).
        state: plain values: counters, versions, states of random generators.
        texts: small text files by name, such as the resolved configuration.
    """

    tensors: Mapping[str, Mapping[str, Tensor]]
    state: Mapping[str, Any]
    texts: Mapping[str, str]


def save_checkpoint(
    root: Path, learner_step: int, checkpoint: Checkpoint, keep: int, names: CheckpointNames = LAST
) -> Path:
    """Write a checkpoint, remove all others but the newest `keep - 1`, and return its directory.

    Another one that cannot be removed is warned about and left. One that was copied or renamed does not count
    and stays: it takes the place of none.

    Raises:
        OSError: it cannot be written; all others are still there, and nothing half-written beside them.
    """
    root.mkdir(parents=True, exist_ok=True)
    names.tidy(root)
    final = names.directory(root, learner_step)
    temporary, replaced = names.temporary(final), names.replaced(final)
    try:
        temporary.mkdir()
        for name, data in _files(checkpoint).items():
            write_synced(temporary / name, data)
        sync_directory(temporary)
        if os.path.lexists(final):
            final.rename(replaced)
        temporary.rename(final)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        names.tidy(root)
        raise
    sync_directory(root)
    names.tidy(root)
    others = [path for path in names.newest_first(root) if path != final and not _is_misnamed(path, names)]
    for old in others[keep - 1 :]:
        remove_or_warn(old, names.removed(old))
    return final


def load_newest_checkpoint(root: Path, names: CheckpointNames = LAST) -> tuple[Checkpoint, Path, list[str]]:
    """Return the newest checkpoint that verifies, its directory, and a sentence for each one passed over.

    A learner may save and remove checkpoints meanwhile. What is no longer there when it is read is no damage:
    the newest is then looked for again.

    Raises:
        CheckpointError: there is none.
    """
    for _ in range(LOOKS):
        passed_over: list[str] = []
        gone = False
        for directory in names.newest_first(root):
            before = _identity(directory)
            try:
                return _load(directory, names), directory, passed_over
            except CheckpointError as error:
                gone = before is None or _identity(directory) != before
                if gone:
                    break
                passed_over.append(str(error))
        if passed_over and not gone:
            break
    found = "; ".join(passed_over) if passed_over else "there are none"
    raise CheckpointError(f"no {names.words} under {root} can be used: {found}")


def _identity(directory: Path) -> tuple[int, int] | None:
    """Return what tells a directory from its successor of the same name; None if it is not there."""
    try:
        status = directory.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _files(checkpoint: Checkpoint) -> dict[str, bytes]:
    """Return the files of a checkpoint by name, the manifest last."""
    files = {f"{group}.safetensors": save_tensors(dict(named)) for group, named in checkpoint.tensors.items()}
    files[STATE] = msgpack.packb(dict(checkpoint.state))
    files |= {name: text.encode() for name, text in checkpoint.texts.items()}
    manifest = {
        "format": FORMAT,
        "files": {name: listed(data) for name, data in files.items()},
    }
    return {**files, MANIFEST: json.dumps(manifest, indent=1).encode()}


def _is_misnamed(directory: Path, names: CheckpointNames) -> bool:
    """Return whether a checkpoint's state is of another learner step than its name; a damaged one is not."""
    try:
        return not _bears(names, directory, msgpack.unpackb(read_regular(directory, STATE))["learner_step"])
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return False


def _bears(names: CheckpointNames, directory: Path, learner_step: int) -> bool:
    """Return whether a checkpoint bears the name of a learner step."""
    own = names.directory(directory.parent, learner_step)
    return directory in (own, names.replaced(own))


def _load(directory: Path, names: CheckpointNames) -> Checkpoint:
    try:
        manifest = json.loads(read_regular(directory, MANIFEST))
        entries = manifest["files"]
        if manifest["format"] != FORMAT:
            raise CheckpointError(
                f"checkpoint {directory.name} has format {manifest['format']}, not {FORMAT}"
            )
        files = {name: read_listed(directory, name, **entry) for name, entry in entries.items()}
        state = msgpack.unpackb(files[STATE])
        if not _bears(names, directory, state["learner_step"]):
            raise CheckpointError(
                f"checkpoint {directory.name} is of learner step {state['learner_step']}: "
                "it was copied or renamed"
            )
        return Checkpoint(
            tensors={
                Path(name).stem: load_tensors(data)
                for name, data in files.items()
                if name.endswith(".safetensors")
            },
            state=state,
            texts={
                name: data.decode()
                for name, data in files.items()
                if name != STATE and not name.endswith(".safetensors")
            },
        )
    except DamagedFileError as error:
        raise CheckpointError(f"checkpoint {directory.name}: {error}") from error
    except (
        OSError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        RecursionError,
        SafetensorError,
    ) as error:
        raise CheckpointError(
            f"checkpoint {directory.name} is damaged: {type(error).__name__}: {error}"
        ) from error
