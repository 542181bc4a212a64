"""The guard of a driver ends what the driver started, also what is started while it is at it."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

from cluster.ray.guard import VARIABLE, command
from tests.support.processes import with_variable
from tests.support.runs import wait_until

PARENT = """
import subprocess, sys, time
while True:
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], env=ENV)
    time.sleep(0.3)
"""


def run_guard(parent_code: str) -> None:
    """Let a guard end what a marked parent starts, and hold it against that nobody is left."""
    mark, tag = uuid.uuid4().hex, f"TEST_TAG={uuid.uuid4().hex}"
    name, value = tag.split("=")
    environment = {**os.environ, VARIABLE: mark, name: value}
    parent = subprocess.Popen([sys.executable, "-c", parent_code], env=environment)
    guard = subprocess.Popen(command(mark), stdin=subprocess.PIPE)
    wait_until(lambda: len(with_variable(tag)) > 2, 30.0, "the parent has children")
    guard.communicate(timeout=30)
    assert guard.returncode == 0
    parent.wait(timeout=5)
    assert with_variable(tag) == {}


def test_what_is_started_while_others_are_ended_is_ended_too():
    """A process that starts others every 0.3 s is gone in the end, and so are all of them."""
    run_guard(PARENT.replace("ENV", "None"))


def test_children_without_the_mark_are_ended_too():
    """As Ray's agents are, which overwrite their environment: they are known by who started them."""
    run_guard(PARENT.replace("ENV", "{'TEST_TAG': __import__('os').environ['TEST_TAG']}"))


def test_where_nobody_is_left_the_guard_ends():
    """A driver that ended in order waits for it, so it must not take its time."""
    assert subprocess.run(command(uuid.uuid4().hex), input=b"", timeout=10).returncode == 0


def test_a_module_of_the_users_with_the_same_name_is_left_alone(tmp_path: Path):
    """The current directory may have a `cluster.py`."""
    (tmp_path / "cluster.py").write_text("raise SystemExit(7)")
    finished = subprocess.run(command(uuid.uuid4().hex), input=b"", timeout=10, cwd=tmp_path)
    assert finished.returncode == 0
