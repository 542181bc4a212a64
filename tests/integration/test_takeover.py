"""A learner that dies, and the next one: shards and actors stay, and no step is lost or counted twice."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.metrics_page import free_port
from tests.support.processes import pids_of
from tests.support.runs import TINY, wait_until
from training.directory.run_directory import RunDirectory

pytestmark = [pytest.mark.ray, pytest.mark.slow]

BIN = Path(sys.executable).parent
SLOTS = {"task:chain": 2, "task:identity": 1, "replay": 2, "evaluator": 1}
NEVER = ("tasks.chain.solved_at=null", "tasks.identity.solved_at=null", "stop_env_steps=100000000")
CREW = ("ray::ActorHost", "ray::ShardHost")
PATIENCE = 120.0


class Learner:
    """A learner in a process of its own, and what it says of itself."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process, self._port = process, port

    def status(self) -> dict[str, Any]:
        """Return its status; an empty one while it says nothing."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/status", timeout=5) as answer:
                said: dict[str, Any] = json.loads(answer.read())
        except OSError:
            return {}
        return said if said["state"] == "training" else {}

    def wait(self, what: str, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait for a status of which something holds, and return it."""
        seen: list[dict[str, Any]] = []

        def holds() -> bool:
            assert self.process.poll() is None, self.process.communicate()
            status = self.status()
            seen.append(status)
            return bool(status) and condition(status)

        wait_until(holds, PATIENCE, what)
        return seen[-1]


def env_steps_of(status: dict[str, Any]) -> dict[str, int]:
    """Return each task's env steps."""
    return {task["name"]: task["env_steps"] for task in status["tasks"]}


@pytest.fixture(name="address", scope="module")
def _address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    command: list[str | Path] = [BIN / "ray", "start", "--head", "--block", f"--port={port}", "--num-cpus=2"]
    command += ["--include-dashboard=false", f"--resources={json.dumps(SLOTS)}"]
    elsewhere = tmp_path_factory.mktemp("ray")
    log = (elsewhere / "log").open("wb")
    with log, subprocess.Popen(command, stdout=log, stderr=log, cwd=elsewhere) as head:
        wait_until(lambda: b"Ray runtime started" in (elsewhere / "log").read_bytes(), 60, "a head node")
        yield f"127.0.0.1:{port}"
        head.terminate()
        head.wait(60)


@contextmanager
def learner(folder: Path, address: str, port: int) -> Iterator[Learner]:
    """Run `trunkline train --resume` in a folder, as a container does; `port` is for its status."""
    (folder / "run.yaml").write_text(yaml.safe_dump(TINY))
    overrides = [*NEVER, "replay.shards=2", "checkpoint.period=25"]
    command: list[str | Path] = [BIN / "trunkline", "train", "run.yaml", *overrides, f"metrics.port={port}"]
    command += ["--address", address, "--run-dir", "main", "--resume", "--json"]
    environment = {**os.environ, "PYTHONWARNINGS": ""}
    with subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            yield Learner(process, port)
        finally:
            process.kill()


def crew() -> set[int]:
    """Return the processes of actors and shards."""
    return {pid for title in CREW for pid in pids_of(title)}


def test_a_learner_that_is_killed_is_taken_over_from(tmp_path: Path, address: str):
    """Twice: the same processes go on, from the checkpoint's step, and the books are exact in the end."""
    processes: set[int] = set()
    checkpoint: dict[str, Any] = {"learner_step": 0, "env_steps": {}, "weights_version": -1}
    port = free_port()
    for life in range(3):
        with learner(tmp_path, address, port) as here:
            first = here.wait("a first status", lambda status: status["learner_step"] > 0)
            assert first["learner_step"] >= checkpoint["learner_step"]
            assert first["weights_version"] > checkpoint["weights_version"]
            for task, steps in checkpoint["env_steps"].items():
                assert env_steps_of(first)[task] >= steps
            later = here.wait(
                "checkpoints and all actors",
                lambda status: status["checkpoints"] > 1 and len(crew()) == 5,
            )
            assert processes in (set(), crew())
            processes = crew()
            assert [task["crew"]["restarts"] for task in later["tasks"]] == [0, 0]
            if life < 2:
                here.process.kill()
                here.process.wait(30)
                checkpoint = dict(RunDirectory.open(tmp_path / "main").newest_checkpoint()[0].state)
                assert crew() == processes
                continue
            here.process.send_signal(signal.SIGINT)
            out, err = here.process.communicate(timeout=PATIENCE)
    assert here.process.returncode == 0, err
    summary = json.loads(out)
    assert summary["stopped_by"] == "interrupted"
    accounts = [task["transitions"] for task in summary["tasks"].values()]
    assert [account["problem"] for account in accounts] == [None, None]
    for task, result in summary["tasks"].items():
        assert result["env_steps"] == result["transitions"]["inserted"], task
    assert RunDirectory.open(tmp_path / "main").lives() == 3
    wait_until(lambda: crew() == set(), 30, "all processes of the run have ended")


def test_a_second_learner_of_a_run_is_refused(tmp_path: Path, address: str):
    """It says so, with what to do, and the first one is not disturbed."""
    with learner(tmp_path, address, free_port()) as first:
        before = first.wait("a first update", lambda status: status["learner_step"] > 0)
        with learner(tmp_path, address, free_port()) as second:
            out, err = second.process.communicate(timeout=PATIENCE)
        assert (second.process.returncode, out) == (3, "")
        place = tmp_path / "main"
        assert f"run directory '{place}' is in use by process {first.process.pid} on host" in err
        (tmp_path / "elsewhere").mkdir()
        with learner(tmp_path / "elsewhere", address, free_port()) as second:
            out, err = second.process.communicate(timeout=PATIENCE)
        assert (second.process.returncode, out) == (4, "")
        assert err.splitlines()[-1] == (
            "trunkline: run 'main' has a learner on this cluster already: stop that one, or give this run "
            "another directory by --run-dir"
        )
        assert "Traceback" not in err
        after = first.wait("more updates", lambda status: status["learner_step"] > before["learner_step"])
        assert [task["crew"]["restarts"] for task in after["tasks"]] == [0, 0]
        first.process.send_signal(signal.SIGINT)
        assert first.process.wait(PATIENCE) == 0
