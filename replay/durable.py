"""Files and directories that are there, whole, after a crash, or not at all."""

import contextlib
import errno
import logging
import os
import shutil
from pathlib import Path

logger = logging.getLogger(__name__)


def write_synced(path: Path, data: bytes) -> None:
    """Write a file and wait until the disk has it."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def replace_synced(path: Path, data: bytes) -> None:
    """Write a file that is there already, or not: whoever looks finds the old one or the new one, whole.

    Raises:
        OSError: it cannot be written; the old one is still there, and nothing half-written beside it.
    """
    new = path.with_name(f".{path.name}.new")
    try:
        write_synced(new, data)
        new.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            new.unlink()
        raise
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Wait until the disk has the names in a directory, where the file system knows of such a wait."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def remove_or_warn(directory: Path, aside: Path) -> None:
    """Remove a directory that is no longer needed; a warning says why where that is not possible.

    It is renamed to `aside` first, so that readers find all of it or nothing of it. What cannot be removed
    after that stays there.
    """
    try:
        directory.rename(aside)
        shutil.rmtree(aside)
    except OSError as error:
        logger.warning("%s cannot be removed: %s", directory, error.strerror or error)
