"""What a command says: its answer on standard output, all else on standard error.

While a command works, standard output is kept for its answer. What environments print goes to standard error:
when they are imported, built, stepped or left, from Python, from C, or from processes of their own.
"""

import errno
import functools
import sys
from collections.abc import Callable
from typing import Any, TextIO

from rich.console import Console

from cli.streams import OutletText, take_over
from training.json_text import json_text

READER_GONE = (errno.EPIPE, errno.EIO)
"""Of a pipe whose reader has read enough, and of a terminal that was closed."""

_kept: TextIO | None = None


def begin() -> OutletText | None:
    """Make the streams safe; return standard output, or None where a caller has put another in its place."""
    global _kept
    _kept = None
    return take_over()


def alone(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return a command that has standard output to itself, from its first line to the end of the process."""

    @functools.wraps(command)
    def work(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - whatever the command takes
        global _kept
        _kept, sys.stdout = sys.stdout, sys.stderr
        return command(*arguments, **options)

    return work


def answer(text: str, end: str = "\n") -> None:
    """Write to standard output."""
    stream = _stream()
    stream.write(text + end)
    stream.flush()


def answer_json(value: object) -> None:
    """Write the one JSON object of a command."""
    answer(json_text(value))


def note(text: str) -> None:
    """Write a line to standard error."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def console(notes: bool = False) -> Console:
    """Return a console on standard output, or on standard error."""
    return Console(file=sys.stderr if notes else _stream())


def unwritten(stream: OutletText | None) -> str | None:
    """Return why an answer did not arrive, unless its reader is gone, who does not want it."""
    error = None if stream is None else stream.error
    return None if error is None or error.errno in READER_GONE else error.strerror


def _stream() -> TextIO:
    return sys.stdout if _kept is None else _kept
