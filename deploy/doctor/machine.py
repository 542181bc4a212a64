"""This machine: shared memory, disks, memory, open files."""

import os
import resource
from pathlib import Path

from config.memory import in_units
from deploy.doctor.finding import Finding

SHARED_MEMORY = Path("/dev/shm")
MEMORY_INFORMATION = Path("/proc/meminfo")
OBJECT_STORE_SHARE = 0.3
"""Of the memory, which Ray takes for its object store unless it is told otherwise."""
LARGEST_OBJECT_STORE = 10 * 10**9
"""That Ray takes of its own accord where shared memory is smaller, in bytes."""
SMALLEST_OBJECT_STORE = 75 * 2**20
"""That Ray accepts, in bytes."""
FULL = 0.95
"""Part of a disk beyond which Ray writes nothing more to it."""
NEARLY_FULL = 0.90
FEWEST_OPEN_FILES = 4096


def default_object_store(memory_bytes: int) -> int:
    """Return the bytes of the object store that Ray makes on a machine with so much memory, untold."""
    return min(int(OBJECT_STORE_SHARE * memory_bytes), LARGEST_OBJECT_STORE)


def shared_memory_finding(path: Path, object_store: int) -> Finding:
    """Compare the shared memory file system at `path` with an object store of so many bytes."""
    name = "shared memory"
    if not path.exists():
        return Finding(name, "ok", f"this system has no {path}")
    disk = os.statvfs(path)
    free = disk.f_bavail * disk.f_frsize
    todo = "set `shm_size` in Compose or `--shm-size` in Docker, or delete files there"
    if free < SMALLEST_OBJECT_STORE:
        least = in_units(SMALLEST_OBJECT_STORE)
        what = f"{path} has {in_units(free)} free, and Ray's object store needs at least {least}"
        return Finding(name, "problem", what, todo)
    if free < object_store:
        wanted = in_units(object_store)
        what = f"{path} has {in_units(free)} free, so an object store of {wanted} would be on disk"
        return Finding(name, "warning", what, todo)
    return Finding(name, "ok", f"{in_units(free)} free in {path}")


def disk_findings(paths: dict[str, Path]) -> list[Finding]:
    """Judge the file system of each path, by what it is for; paths that do not exist count by their parent.

    A file system that several paths share is judged once.
    """
    findings: list[Finding] = []
    places: dict[int, Path] = {}
    purposes: dict[int, list[str]] = {}
    for purpose, path in paths.items():
        place = next(
            folder for folder in (path.absolute(), *path.absolute().parents) if os.path.exists(folder)
        )
        if os.access(place, os.W_OK):
            purposes.setdefault(place.stat().st_dev, []).append(purpose)
            places.setdefault(place.stat().st_dev, place)
        else:
            what = f"this user cannot write to {place}"
            findings.append(
                Finding(f"disk of {purpose}", "problem", what, "give a directory that it can write to")
            )
    return findings + [
        _disk_finding(f"disk of {' and '.join(purposes[device])}", place) for device, place in places.items()
    ]


def _disk_finding(name: str, place: Path) -> Finding:
    disk = os.statvfs(place)
    used = 1 - disk.f_bavail / max(1, disk.f_blocks)
    what = f"{used:.0%} of the disk at {place} is used, {in_units(disk.f_bavail * disk.f_frsize)} are free"
    todo = "delete old runs and Ray's old sessions there, or use another disk"
    if used > FULL:
        return Finding(
            name, "problem", f"{what}; Ray stops writing to a disk that is more than {FULL:.0%} full", todo
        )
    if used > NEARLY_FULL:
        return Finding(name, "warning", what, todo)
    return Finding(name, "ok", what)


def memory_finding(budget: int, total: int, available: int | None) -> Finding:
    """Compare `replay.memory_budget` with the memory of this machine, in bytes.

    `total` is what there is, or what the container may take; `available` is unused now, None if unknown.
    """
    name = "memory"
    wanted = f"replay.memory_budget is {in_units(budget)}"
    smaller = in_units(total // 2).replace(" ", "")
    todo = f"set a smaller one, such as replay.memory_budget={smaller}, or add memory"
    if budget > total:
        return Finding(name, "problem", f"{wanted}, but this machine has {in_units(total)}", todo)
    if available is not None and budget > available:
        what = f"{wanted}, but only {in_units(available)} of {in_units(total)} are free now"
        return Finding(
            name, "warning", what, "end other programs here, or set a smaller replay.memory_budget"
        )
    return Finding(name, "ok", f"{wanted}, and this machine has {in_units(total)}")


def available_memory_bytes(information: Path = MEMORY_INFORMATION) -> int | None:
    """Return the memory that can be had without swapping; None where the system does not say."""
    lines = information.read_text(encoding="utf-8").splitlines() if information.exists() else []
    kib = next((line.split()[1] for line in lines if line.startswith("MemAvailable:")), None)
    return None if kib is None else 1024 * int(kib)


def open_files_finding() -> Finding:
    """Judge how many files a process may open; Ray raises the soft limit to the hard one by itself."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= most < FEWEST_OPEN_FILES:
        return Finding(
            "open files",
            "warning",
            f"a process may open {most} files, fewer than the {FEWEST_OPEN_FILES} that Ray asks for",
            "raise the hard limit (`ulimit -Hn`), or `ulimits.nofile` in Compose",
        )
    return Finding("open files", "ok", "no limit" if most < 0 else f"{most} at most")
