"""A file that records are appended to, whole, and that a run can do without for a while."""

import contextlib
import logging
import os
import stat
from pathlib import Path

logger = logging.getLogger(__name__)


class AppendFile:
    """Appends records to a file; where that fails, the run goes on and the next record tries again.

        file = AppendFile(directory / "metrics.jsonl")
        file.append(b"{}\\n")            # False if it could not be written

    The file is opened for each record, and its directory is made if need be: whoever moves or removes it
    meanwhile finds a new one. What a failed attempt left of a record is cut off again, at the latest before
    the next one. An outage is one warning.

    Attributes:
        name: of the file.
        lost: records that could not be written.
    """

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.lost = 0
        self._path = path
        self._lost_before = 0
        self._whole: int | None = None

    def append(self, record: bytes) -> bool:
        """Append a record, and return whether it is there."""
        try:
            self._append(record)
        except OSError as error:
            if self.lost == self._lost_before:
                logger.warning(
                    "%s cannot be written (%s): the run goes on without it, and each new record tries again",
                    self._path,
                    error.strerror or error,
                )
            self.lost += 1
            return False
        if self.lost > self._lost_before:
            logger.warning(
                "%s can be written again; records lost: %d", self._path, self.lost - self._lost_before
            )
            self._lost_before = self.lost
        return True

    def _append(self, record: bytes) -> None:
        """Open, write, close: a file system may report a full disk in any of the three."""
        self._path.parent.mkdir(exist_ok=True)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK, 0o644)
        try:
            self._cut_torn_record(descriptor)
            self._whole = os.fstat(descriptor).st_size
            try:
                written = 0
                while written < len(record):
                    written += os.write(descriptor, record[written:])
            except OSError:
                with contextlib.suppress(OSError):
                    self._cut_torn_record(descriptor)
                raise
        finally:
            os.close(descriptor)
        self._whole = None

    def _cut_torn_record(self, descriptor: int) -> None:
        status = os.fstat(descriptor)
        if self._whole is not None and stat.S_ISREG(status.st_mode) and status.st_size > self._whole:
            os.ftruncate(descriptor, self._whole)
        self._whole = None
