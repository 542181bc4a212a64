"""Logs of JSON, a value a line: written, and cut where a resumed run goes on."""

import contextlib
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from training.directory.append_file import AppendFile
from training.json_text import json_line, parse_json

BLOCK_BYTES = 2**16

logger = logging.getLogger(__name__)


class JsonLines:
    """Appends values to a file as lines of JSON, as `AppendFile` does: whole, or counted as lost.

    Attributes:
        file: what they are appended to.
    """

    def __init__(self, path: Path) -> None:
        self.file = AppendFile(path)

    def append(self, value: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
        """Append a value."""
        self.file.append(json_line(value))


def cut_lines(path: Path, belongs: Callable[[dict[str, Any]], bool], aside: Path) -> None:
    """Cut a log of JSON lines after the last line that belongs to it, and keep what is cut off aside.

    A torn line at the end is cut off, too. The log is shortened in place: readers that follow it and links to
    it stay valid, and a full disk is no hindrance. Where it cannot be done a warning says so.

    Args:
        path: the log; nothing happens if it is no file.
        belongs: whether a line does; it may fail on what it does not know, which then does not belong.
        aside: where to keep what is cut off; it is replaced.
    """
    if not path.is_file():
        return
    try:
        with path.open("r+b") as file:
            end, is_whole = _end_of_last(file, belongs)
            if end < file.seek(0, os.SEEK_END):
                _copy_rest(file, end, aside)
            file.truncate(end)
            if not is_whole:
                file.seek(end)
                file.write(b"\n")
    except OSError as error:
        logger.warning(
            "%s cannot be cut where the run goes on, and repeats itself: %s", path, error.strerror or error
        )


def _end_of_last(file: BinaryIO, belongs: Callable[[dict[str, Any]], bool]) -> tuple[int, bool]:
    """Return where the last line that belongs ends, 0 if there is none, and whether a line break is there."""
    for end, line in _from_the_end(file):
        with contextlib.suppress(ValueError, LookupError, TypeError, AttributeError):
            if belongs(parse_json(line)):
                return end, line.endswith(b"\n")
    return 0, True


def _from_the_end(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a file, the last one first, and where each ends."""
    start = end = file.seek(0, os.SEEK_END)
    pieces: list[bytes] = []  # of a line whose beginning is not read yet, the last one first
    while start > 0:
        length = min(BLOCK_BYTES, start)
        start = file.seek(start - length)
        first, *lines = file.read(length).split(b"\n")
        if lines:
            *whole, begun = lines
            last = b"".join([begun, *reversed(pieces)])
            for line in (*([last] if last else []), *(line + b"\n" for line in reversed(whole))):
                yield end, line
                end -= len(line)
            pieces = [b"\n"]
        pieces.append(first)
    rest = b"".join(reversed(pieces))
    if rest:
        yield end, rest


def _copy_rest(file: BinaryIO, start: int, aside: Path) -> None:
    """Copy what comes after `start`; if that fails, a warning is enough."""
    file.seek(start)
    try:
        with aside.open("wb") as copy:
            shutil.copyfileobj(file, copy)
    except OSError as error:
        logger.warning("%s cannot be written: %s", aside, error.strerror or error)
        with contextlib.suppress(OSError):
            aside.unlink()
