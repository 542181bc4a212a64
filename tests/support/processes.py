"""Finding and measuring the processes that a test started."""

import contextlib
import os
from pathlib import Path


def pid_of(title: str) -> int:
    """Return the process of a Ray actor that this process started, by the title that Ray gives it."""
    for pid in pids_of(title):
        return pid
    raise AssertionError(f"no process {title}")


def pids_of(title: str) -> set[int]:
    """Return all of them."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            is_titled = (process / "cmdline").read_bytes().decode(errors="replace").startswith(title)
            if is_titled and os.getpid() in ancestors(int(process.name)):
                found.add(int(process.name))
    return found


def ancestors(pid: int) -> list[int]:
    """Return the parent of a process, its parent, and so on."""
    found: list[int] = []
    while pid > 1:
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        found.append(pid)
    return found


def with_variable(assignment: str) -> dict[int, str]:
    """Return the processes in whose environment `NAME=value` stands, with their command lines."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if assignment.encode() in (process / "environ").read_bytes().split(b"\0"):
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ")
                found[int(process.name)] = command.decode(errors="replace")
    return found


def private_bytes(pid: int) -> int:
    """Return the memory that a process has to itself; the object store, which it shares, does not count."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    fields = {name: int(value.split()[0]) for name, value in (line.split(":") for line in lines)}
    return 1024 * (fields["Private_Clean"] + fields["Private_Dirty"])
