"""Ends what a driver started when the driver itself can no longer do so, as after kill -9.

Ray's servers and workers end with their driver. Its agents outlive it by a minute: they try to report that
their server died to another one that is gone as well, and this time cannot be set.

    with guard():
        ray.init(...)                       # whatever it starts inherits a mark

    python -m cluster.ray.guard MARK         # waits for the end of its input, then ends whoever has the mark
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VARIABLE = "TRUNKLINE_STARTED_BY"
FAREWELL_SECONDS = 2.0
"""Time for processes to end by themselves."""


@contextmanager
def guard() -> Iterator[None]:
    """Mark what is started meanwhile, and have it ended within seconds should this process be killed."""
    mark = uuid.uuid4().hex
    command = [sys.executable, "-m", "cluster.ray.guard", mark]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ):
        os.environ[VARIABLE] = mark
        try:
            yield
        finally:
            os.environ.pop(VARIABLE, None)


def marked(mark: str) -> list[int]:
    """Return the processes that have a mark in their environment; none where there is no /proc."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"{VARIABLE}={mark}".encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
    return found


def main(mark: str) -> None:
    """Wait until the driver is gone, and end what is left of what it started."""
    sys.stdin.read()
    deadline = time.monotonic() + FAREWELL_SECONDS
    while marked(mark) and time.monotonic() < deadline:
        time.sleep(FAREWELL_SECONDS / 10)
    for pid in marked(mark):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1])
