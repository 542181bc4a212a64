"""What the manifest of a saved directory says of each other file in it: its size and its SHA-256."""

import hashlib
from pathlib import Path

MANIFEST = "manifest.json"


class DamagedFileError(ValueError):
    """A file that is not what was written; the message says which and why."""


def listed(data: bytes) -> dict[str, int | str]:
    """Return what a manifest says of a file with this content."""
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def read_regular(directory: Path, name: str) -> bytes:
    """Return the content of a file.

    Raises:
        OSError: it cannot be read.
        DamagedFileError: it is no regular file: a pipe would have no end.
    """
    file = directory / name
    if file.exists() and not file.is_file():
        raise DamagedFileError(f"{name!r} is no regular file")
    return file.read_bytes()


def read_listed(directory: Path, name: str, bytes: int, sha256: str) -> bytes:
    """Return the content of a file that is what a manifest says of it.

    Raises:
        OSError: it cannot be read.
        DamagedFileError: it is something else, or would lie outside the directory.
    """
    if Path(name).name != name:
        raise DamagedFileError(f"manifest names a file outside it, {name!r}")
    data = read_regular(directory, name)
    found = listed(data)
    if found["bytes"] != bytes:
        raise DamagedFileError(f"{name} has {found['bytes']} bytes, not {bytes}")
    if found["sha256"] != sha256:
        raise DamagedFileError(f"{name} is not what was written")
    return data
