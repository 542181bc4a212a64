"""What Ray says of other processes goes to a file, and what it started goes when its driver is killed."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.support.processes import with_variable
from tests.support.runs import wait_until

pytestmark = [pytest.mark.ray, pytest.mark.slow]

DRIVER = """
import os, signal, sys, time
from pathlib import Path
import ray
from cluster.ray.connection import cluster, ray_actor

class Mortal:
    def pid(self):
        return os.getpid()

with cluster(None, {"replay": 1}, "run", forwarded=Path(sys.argv[1])):
    handle = ray_actor(Mortal, slot="replay", name="mortal", lifetime="detached").remote()
    os.kill(ray.get(handle.pid.remote()), signal.SIGKILL)
    try:
        ray.get(handle.pid.remote())
    except ray.exceptions.RayError:
        pass
    time.sleep(2)
    os.kill(os.getpid(), signal.SIGKILL)
"""
GONE_SECONDS = 30.0


def test_a_killed_driver_leaves_nothing_and_its_output_is_its_own(tmp_path: Path):
    """kill -9: raylet, server, workers and agents go within half a minute; they would report for a minute.

    Before that a worker was killed, and what Ray has to say about it is in the file, not on any output.
    """
    tag, log = uuid.uuid4().hex, tmp_path / "ray.log"
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, log],
        env={**os.environ, "TEST_TAG": tag},
        capture_output=True,
        text=True,
        timeout=120,
    )
    wait_until(
        lambda: not with_variable(f"TEST_TAG={tag}"),
        GONE_SECONDS,
        "all processes of a killed driver are gone",
    )
    assert done.returncode == -9, done.stderr
    assert done.stdout == ""
    assert done.stderr == f"what Ray says of other processes of the cluster is kept in {log}\n"
    assert "A worker died or was killed" in log.read_text()
    assert "\x1b" not in log.read_text()
