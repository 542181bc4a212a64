"""Prometheus' own tool, which checks and tests its files: from PATH, else from its image."""

import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

IMAGE = "prom/prometheus:v2.53.3"
TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Promtool:
    """A way to run it; `in_container` if it comes from the image."""

    in_container: bool

    def run(self, folder: Path, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """Run it with a folder as its working directory, which it may read, and a text as its input."""
        command = ["promtool"]
        if self.in_container:
            mount = ["--volume", f"{folder.resolve()}:/files:ro", "--workdir", "/files"]
            command = ["docker", "run", "--rm", "--interactive", *mount, "--entrypoint", "promtool", IMAGE]
        return subprocess.run(
            [*command, *arguments],
            cwd=folder,
            input=text,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )


@cache
def find_promtool() -> Promtool | None:
    """Return a way to run it, or None if there is neither the tool nor, beside a Docker engine, its image."""
    if shutil.which("promtool"):
        return Promtool(in_container=False)
    return Promtool(in_container=True) if _has_image() else None


def promtool_or_skip() -> Promtool:
    """Return a way to run it; without one the test is skipped."""
    found = find_promtool()
    if found is None:
        pytest.skip(f"no promtool on PATH, and no Docker engine that has {IMAGE}")
    return found


def _has_image() -> bool:
    if shutil.which("docker") is None:
        return False
    try:
        asked = subprocess.run(
            ["docker", "image", "inspect", IMAGE], capture_output=True, timeout=TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return asked.returncode == 0
