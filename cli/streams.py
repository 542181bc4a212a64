"""Standard streams that never end a command: not by a reader that is gone, nor by letters that they lack."""

import codecs
import io
import os
import select
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

OUT, ERR = 1, 2
LETTERS = "trunkline-letters"


class Outlet(io.FileIO):
    """A descriptor that is written to; after the first error all that is written is dropped.

    A terminal that was closed, or a `head` that has read enough, is no reason to lose a run.

    Attributes:
        error: why something was dropped; None if nothing was.
    """

    error: OSError | None = None

    def write(self, data: "ReadableBuffer") -> int:
        """Write, or drop; return the number of bytes that are done with."""
        if self.error is None:
            try:
                return self._written(data)
            except OSError as error:
                self.error = error
        return memoryview(data).nbytes

    def _written(self, data: "ReadableBuffer") -> int:
        """Write some of it; a descriptor that does not block (as some terminals are left) is waited for."""
        while True:
            count: int | None = super().write(data)
            if count is not None:
                return count
            select.select([], [self.fileno()], [])


class OutletText(io.TextIOWrapper):
    """Text to a descriptor: letters that the encoding lacks are written as `\\xe9` is, never refused."""

    def __init__(self, descriptor: int, encoding: str) -> None:
        self._outlet = Outlet(descriptor, "w", closefd=False)
        super().__init__(io.BufferedWriter(self._outlet), encoding, LETTERS, line_buffering=True)

    @property
    def error(self) -> OSError | None:
        """Why something was dropped; None if nothing was."""
        return self._outlet.error

    def close(self) -> None:
        """Flush, and stay open: an environment that closes a stream must not take it from the command."""
        self.flush()


def fill_closed_descriptors() -> None:
    """Open the null device where a standard stream is closed: else the next file takes its place."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one


def is_own(stream: TextIO | None, descriptor: int) -> bool:
    """Return whether a stream is the process's own: none at all counts, a test's or a caller's does not."""
    try:
        return stream is None or stream.fileno() == descriptor
    except (OSError, ValueError):
        return False


def take_over() -> OutletText | None:
    """Make this process's streams safe, and let all but the returned one lead to standard error.

    The descriptor 1 itself is turned to standard error, so that what C code and child processes print goes
    there too. Returns what still leads to standard output; None where the caller has put another stream in
    its place, which is left alone.
    """
    codecs.register_error(LETTERS, _spelled_out)
    if not (is_own(sys.stdout, OUT) and is_own(sys.stderr, ERR)):
        return None
    fill_closed_descriptors()
    encodings = [getattr(stream, "encoding", None) or "utf-8" for stream in (sys.stdout, sys.stderr)]
    if sys.stdout is not None:
        sys.stdout.flush()
    answers = OutletText(os.dup(OUT), encodings[0])
    os.dup2(ERR, OUT)
    sys.stdout, sys.stderr = answers, OutletText(ERR, encodings[1])
    return answers


def _spelled_out(error: UnicodeError) -> tuple[str | bytes, int]:
    """Give the bytes of a file name that is no text as they were, and spell out all other letters."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    try:
        return error.object[error.start : error.end].encode("ascii", "surrogateescape"), error.end
    except UnicodeEncodeError:
        return codecs.backslashreplace_errors(error)
