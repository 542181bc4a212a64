"""A run on a Ray cluster that somebody else started."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support.ipv6 import needs_ipv6
from tests.support.metrics_page import free_port
from tests.support.runs import TINY, wait_until

pytestmark = [pytest.mark.ray, pytest.mark.slow]

BIN = Path(sys.executable).parent
SLOTS = {"task:chain": 1, "task:identity": 1, "replay": 1, "evaluator": 1}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a head node with slots for the tiny pair, in a directory of its own, and end it again."""
    port = free_port()
    command: list[str | Path] = [BIN / "ray", "start", "--head", "--block", f"--port={port}", "--num-cpus=2"]
    command += ["--include-dashboard=false", f"--resources={json.dumps(SLOTS)}"]
    elsewhere = tmp_path_factory.mktemp("ray")
    log = (elsewhere / "log").open("wb")
    with log, subprocess.Popen(command, stdout=log, stderr=log, cwd=elsewhere) as head:
        wait_until(lambda: listens(port), 60, "a head node listens")
        yield f"127.0.0.1:{port}"
        head.terminate()
        head.wait(60)


def listens(port: int) -> bool:
    """Return whether somebody listens on a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def train(tmp_path: Path, address: str, *overrides: str) -> subprocess.CompletedProcess[str]:
    """Run `trunkline train --address` in a process of its own, as a user does."""
    config = tmp_path / "tiny.yaml"
    config.write_text(yaml.safe_dump(TINY))
    command: list[str | Path] = [BIN / "trunkline", "train", config, *overrides, "--address", address]
    command += ["--run-dir", "run", "--json"]
    environment = {**os.environ, "PYTHONWARNINGS": ""}
    return subprocess.run(command, capture_output=True, text=True, timeout=180, env=environment, cwd=tmp_path)


def test_a_run_uses_the_slots_of_the_cluster(tmp_path: Path, address: str):
    """It trains there as on a cluster of its own, saves replay in its directory, prints one object."""
    finished = train(tmp_path, address)
    assert finished.returncode == 0, finished.stderr
    summary = json.loads(finished.stdout)
    assert summary["learner_steps"] > 0
    assert summary["replay_saved"] is True
    assert (tmp_path / "run" / "replay" / "shard-0" / "manifest.json").exists()


@needs_ipv6
def test_an_ipv6_address_is_joined(tmp_path: Path, address: str):
    """In brackets, as everywhere; so it stands in the sentences, too."""
    loopback = address.replace("127.0.0.1", "[::1]")
    finished = train(tmp_path, loopback, "replay.shards=3")
    assert finished.returncode == 4
    assert f"cluster {loopback} has too few slots" in finished.stderr
    finished = train(tmp_path, loopback)
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout)["learner_steps"] > 0


def test_missing_slots_are_named(tmp_path: Path, address: str):
    """Waiting for shards that nobody has room for would be for ever: it is refused with what is missing."""
    finished = train(tmp_path, address, "replay.shards=3")
    assert finished.returncode == 4
    assert "too few slots ('replay': 3 needed, 1 there)" in finished.stderr
    assert f"trunkline node --address={address} --slots=replay=2`" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_missing_actors_are_not_waited_for(tmp_path: Path, address: str):
    """The run goes on with those for which there are slots."""
    finished = train(tmp_path, address, "tasks.chain.actors=3")
    assert finished.returncode == 0, finished.stderr
    summary = json.loads(finished.stdout)
    assert {task["transitions"]["problem"] for task in summary["tasks"].values()} == {None}


def test_a_port_that_is_not_rays_is_given_up_in_time(tmp_path: Path):
    """Something that listens and says nothing is no cluster; the run ends within 30 s of being tried."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        finished = train(tmp_path, address)
    assert finished.returncode == 4
    assert f"cluster {address} does not answer as Ray does: check that" in finished.stderr
    assert "Traceback" not in finished.stderr
