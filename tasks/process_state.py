"""What belongs to the whole process, and stays as it is whatever environments do to it."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import numpy as np

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def process_kept() -> Iterator[None]:
    """Put back, at the end, the working directory, signal handlers, the recursion limit and numpy's settings.

    Code of others runs within: it is imported, built, reset or stepped.
    """
    directory, limit, floats = _directory(), sys.getrecursionlimit(), np.geterr()
    handlers = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
        np.seterr(**floats)
        if directory is not None and _directory() != directory:
            with suppress(OSError):
                os.chdir(directory)
        for number, handler in handlers.items():
            # None stands for a handler of C code, which Python cannot put back.
            if handler is not None and signal.getsignal(number) is not handler:
                with suppress(ValueError):  # only the main thread may, and only it may have changed them
                    signal.signal(number, handler)


def _directory() -> str | None:
    """Return the working directory; None where it is gone."""
    try:
        return os.getcwd()
    except OSError:
        return None
