"""Real disks of a few megabytes, in memory."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mount a file system of so many MiB in memory; where that is not allowed, the test is skipped."""
    mounted: list[Path] = []

    def mount_one(mib: int, *options: str) -> Path:
        place = tmp_path / f"disk-{len(mounted)}"
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", ",".join([f"size={mib}m", *options]), "tmpfs", str(place)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"a disk in memory cannot be mounted: {done.stderr.strip()}")
        mounted.append(place)
        return place

    yield mount_one
    for place in mounted:
        subprocess.run(["umount", str(place)], check=True)
