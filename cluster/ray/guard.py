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
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "TRUNKLINE_STARTED_BY"
FAREWELL_SECONDS = 2.0
"""Time for processes to end by themselves."""
LONGEST_SECONDS = 30.0
"""Time after which the guard itself ends, whoever is left."""
LOOK_SECONDS = 0.2
QUIET_LOOKS = 2


@contextmanager
def guard() -> Iterator[None]:
    """Mark what is started meanwhile, and have it ended within seconds should this process be killed."""
    mark = uuid.uuid4().hex
    with subprocess.Popen(
        command(mark),
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


@dataclass(frozen=True)
class Process:
    """A process; the time at which it started tells it from a later one with its number."""

    pid: int
    started: str


def started_under(mark: str) -> set[Process]:
    """Return the processes that have a mark in their environment, and whatever those started.

    Ray's agents and workers overwrite their environment with their title, so that some show no mark: they are
    found by their parent. None are found where there is no /proc.
    """
    parents: dict[int, int] = {}
    found: dict[int, Process] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            process, parents[process.pid] = _read(entry)
            found[process.pid] = process
    ours = {pid for pid in found if _is_marked(pid, mark)}
    while children := {pid for pid in found if parents[pid] in ours} - ours:
        ours |= children
    return {found[pid] for pid in ours}


def command(mark: str) -> list[str]:
    """Return how to start a guard; `-P` keeps out a user's own `cluster.py` in the current directory."""
    return [sys.executable, "-P", "-m", "cluster.ray.guard", mark]


def _read(entry: Path) -> tuple[Process, int]:
    """Return a process and its parent.

    Raises:
        OSError: it has ended, though nobody may have asked how yet.
    """
    # The fields are counted from after the name, which may hold anything.
    fields = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    if fields[0] == "Z":
        raise ProcessLookupError(entry.name)
    return Process(int(entry.name), started=fields[19]), int(fields[1])


def _is_marked(pid: int, mark: str) -> bool:
    try:
        return f"{VARIABLE}={mark}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _is_there(process: Process) -> bool:
    try:
        return _read(Path(f"/proc/{process.pid}"))[0] == process
    except OSError:
        return False


def main(mark: str) -> None:
    """Wait until the driver is gone, and end what is left of what it started.

    One look is not enough: a server that is about to be killed may have started another process meanwhile.
    Who was seen once is remembered, since the parent that it is known by may end first.
    """
    sys.stdin.read()
    gone = time.monotonic()
    seen: set[Process] = set()
    quiet = 0
    while quiet < QUIET_LOOKS and time.monotonic() < gone + LONGEST_SECONDS:
        seen = {process for process in seen | started_under(mark) if _is_there(process)}
        quiet = 0 if seen else quiet + 1
        if time.monotonic() > gone + FAREWELL_SECONDS:
            for process in seen:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(process.pid, signal.SIGKILL)
        time.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    main(sys.argv[1])
