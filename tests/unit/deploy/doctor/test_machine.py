"""Real disks that are small or full, and memory that is short."""

import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.doctor.machine import (
    available_memory_bytes,
    default_object_store,
    disk_findings,
    memory_finding,
    open_files_finding,
    shared_memory_finding,
)

MIB, GIB = 2**20, 2**30


@pytest.mark.parametrize(
    ("mib", "store_mib", "verdict"),
    [(64, 200, "problem"), (64, 60, "problem"), (100, 200, "warning"), (256, 200, "ok")],
)
def test_shared_memory_is_compared_with_the_object_store(
    mount: Callable, mib: int, store_mib: int, verdict: str
):
    """Docker's 64 MB hold no object store at all; one that does not fit would lie on disk."""
    found = shared_memory_finding(mount(mib), store_mib * MIB)
    assert found.verdict == verdict
    assert f"{mib} MiB free" in found.what
    assert ("shm_size" in found.todo) == (verdict != "ok")


def test_ray_takes_a_part_of_the_memory_for_its_store():
    """Three tenths, and of its own accord no more than 10 GB."""
    assert default_object_store(10 * 10**9) == 3 * 10**9
    assert default_object_store(10**12) == 10 * 10**9


def test_shared_memory_that_is_used_up_counts(mount: Callable):
    """What matters is what is free."""
    place = mount(90)
    assert shared_memory_finding(place, 80 * MIB).verdict == "ok"
    (place / "left behind").write_bytes(b"\0" * (20 * MIB))
    assert shared_memory_finding(place, 80 * MIB).verdict == "problem"


def test_a_system_without_shared_memory_is_fine(tmp_path: Path):
    """Some have none; Ray knows that."""
    assert shared_memory_finding(tmp_path / "absent", GIB).verdict == "ok"


@pytest.mark.parametrize(("used_mib", "verdict"), [(0, "ok"), (89, "ok"), (92, "warning"), (97, "problem")])
def test_a_disk_that_fills_up(mount: Callable, used_mib: int, verdict: str):
    """Nine tenths are a warning; where Ray stops writing there is a problem."""
    place = mount(100)
    (place / "runs of old").write_bytes(b"\0" * (used_mib * MIB))
    (found,) = disk_findings({"the run": place / "runs" / "new"})
    assert found.verdict == verdict
    assert f"{used_mib}% of the disk at {place} is used" in found.what
    assert not (place / "runs").exists()


def test_a_disk_that_cannot_be_written_to(mount: Callable):
    """A file system that is there for reading only is named, and what else lies elsewhere is judged too."""
    place, other = mount(8, "ro"), mount(8)
    findings = disk_findings({"the run": place / "runs", "temporary files": other})
    assert [(found.name, found.verdict) for found in findings] == [
        ("disk of the run", "problem"),
        ("disk of temporary files", "ok"),
    ]
    assert findings[0].what == f"this user cannot write to {place}"


def test_a_shared_disk_is_judged_once(tmp_path: Path):
    """Two directories of one file system fill up together."""
    (found,) = disk_findings({"the run": tmp_path / "a", "temporary files": tmp_path / "b"})
    assert found.name == "disk of the run and temporary files"


def test_the_budget_of_replay_is_compared_with_the_memory():
    """More than there is cannot be had; more than is free now may not be."""
    assert memory_finding(GIB, 2 * GIB, GIB).verdict == "ok"
    assert memory_finding(GIB, 2 * GIB, None).verdict == "ok"
    assert memory_finding(GIB, 2 * GIB, GIB - 1).verdict == "warning"
    found = memory_finding(4 * GIB, 2 * GIB, GIB)
    assert found.verdict == "problem"
    assert found.what == "replay.memory_budget is 4 GiB, but this machine has 2 GiB"
    assert "replay.memory_budget=1GiB" in found.todo


def test_free_memory_is_read(tmp_path: Path):
    """From the kernel's list, which some systems lack."""
    physical = resource.getpagesize() * 2**40
    assert 0 < (available_memory_bytes() or 1) < physical
    listing = tmp_path / "meminfo"
    listing.write_text("MemTotal:  2048 kB\nMemAvailable:   1024 kB\n")
    assert available_memory_bytes(listing) == MIB
    assert available_memory_bytes(tmp_path / "absent") is None


def test_a_low_limit_of_open_files_is_a_warning():
    """The hard limit counts; it is lowered in a process of its own, which cannot raise it again."""
    assert open_files_finding().verdict == "ok"
    code = "from deploy.doctor.machine import open_files_finding as f; print(f().verdict, f().what)"
    said = {}
    for limit in ("-n", "-Sn"):
        limited = f"ulimit {limit} 1000 && exec {sys.executable} -c '{code}'"
        done = subprocess.run(["bash", "-c", limited], capture_output=True, text=True, check=True)
        said[limit] = done.stdout
    assert said["-n"].startswith("warning a process may open 1000 files")
    assert said["-Sn"].startswith("ok ")
