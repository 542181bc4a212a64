"""Checkpoints: complete or not there.

A checkpoint is a directory `step-<learner step>` with a manifest of the size and SHA-256 of every other file
in it. It is written under a temporary name, fsynced and renamed. No pickle: tensors are safetensors, plain
values are msgpack.
"""

import hashlib
import json
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

from replay.durable import sync_directory, write_synced

FORMAT = 2
MANIFEST = "manifest.json"
STATE = "state.msgpack"
_PREFIX = "step-"


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


def save_checkpoint(root: Path, learner_step: int, checkpoint: Checkpoint, keep: int) -> Path:
    """Write a checkpoint, remove all but the newest `keep`, and return its directory."""
    root.mkdir(parents=True, exist_ok=True)
    files = {f"{group}.safetensors": save_tensors(dict(named)) for group, named in checkpoint.tensors.items()}
    files[STATE] = msgpack.packb(dict(checkpoint.state))
    files |= {name: text.encode() for name, text in checkpoint.texts.items()}
    manifest = {
        "format": FORMAT,
        "files": {
            name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in files.items()
        },
    }
    files[MANIFEST] = json.dumps(manifest, indent=1).encode()
    final = root / f"{_PREFIX}{learner_step:012d}"
    temporary = root / f".{final.name}.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    for name, data in files.items():
        write_synced(temporary / name, data)
    sync_directory(temporary)
    replaced = root / f".{final.name}.replaced"
    if final.exists():
        final.rename(replaced)
    temporary.rename(final)
    sync_directory(root)
    shutil.rmtree(replaced, ignore_errors=True)
    for old in _newest_first(root)[keep:]:
        shutil.rmtree(old)
    return final


def load_newest_checkpoint(root: Path) -> tuple[Checkpoint, Path, list[str]]:
    """Return the newest checkpoint that verifies, its directory, and a sentence for each one passed over.

    Raises:
        CheckpointError: there is none.
    """
    passed_over: list[str] = []
    for directory in _newest_first(root):
        try:
            return _load(directory), directory, passed_over
        except CheckpointError as error:
            passed_over.append(str(error))
    found = "; ".join(passed_over) if passed_over else "there are none"
    raise CheckpointError(f"no checkpoint under {root} can be used: {found}")


def _load(directory: Path) -> Checkpoint:
    try:
        manifest = json.loads((directory / MANIFEST).read_bytes())
        listed = manifest["files"]
        if manifest["format"] != FORMAT:
            raise CheckpointError(
                f"checkpoint {directory.name} has format {manifest['format']}, not {FORMAT}"
            )
        files = {name: _verified(directory, name, **entry) for name, entry in listed.items()}
        return Checkpoint(
            tensors={
                Path(name).stem: load_tensors(data)
                for name, data in files.items()
                if name.endswith(".safetensors")
            },
            state=msgpack.unpackb(files[STATE]),
            texts={
                name: data.decode()
                for name, data in files.items()
                if name != STATE and not name.endswith(".safetensors")
            },
        )
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


def _verified(directory: Path, name: str, bytes: int, sha256: str) -> bytes:
    if Path(name).name != name:
        raise CheckpointError(f"checkpoint {directory.name}: manifest names a file outside it, {name!r}")
    data = (directory / name).read_bytes()
    if len(data) != bytes:
        raise CheckpointError(f"checkpoint {directory.name}: {name} has {len(data)} bytes, not {bytes}")
    if hashlib.sha256(data).hexdigest() != sha256:
        raise CheckpointError(f"checkpoint {directory.name}: {name} is not what was written")
    return data


def _newest_first(root: Path) -> list[Path]:
    return sorted(root.glob(f"{_PREFIX}*"), reverse=True)
