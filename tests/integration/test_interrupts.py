"""Ctrl-C, SIGTERM or a terminal that closes: once ends a run in order, twice at once."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.support.runs import TINY, wait_until

TRUNKLINE = Path(sys.executable).with_name("trunkline")


def start(tmp_path: Path, runtime: str, **sections: object) -> subprocess.Popen[str]:
    """Start a run that would go on for long, and wait until it has learned something."""
    endless = {**TINY, "stop_env_steps": 10**9, "checkpoint": {"period": 10**6}, **sections}
    endless["tasks"] = {name: {**task, "solved_at": None} for name, task in TINY["tasks"].items()}
    config = tmp_path / "endless.yaml"
    config.write_text(yaml.safe_dump(endless))
    command = (TRUNKLINE, "train", config, "--runtime", runtime, "--run-dir", tmp_path / "run", "--json")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    metrics = tmp_path / "run" / "metrics.jsonl"
    wait_until(
        lambda: metrics.exists() and '"weights_version": 1' in metrics.read_text(), 60, "learning has begun"
    )
    return process


@pytest.mark.parametrize(
    ("runtime", "number"),
    [
        ("local", signal.SIGINT),
        ("local", signal.SIGTERM),
        ("local", signal.SIGHUP),
        pytest.param("ray", signal.SIGINT, marks=pytest.mark.ray),
        pytest.param("ray", signal.SIGHUP, marks=[pytest.mark.ray, pytest.mark.slow]),
    ],
)
def test_one_interrupt_ends_with_a_checkpoint(tmp_path: Path, runtime: str, number: signal.Signals):
    """The run says that it was interrupted, exits with 0, and can be resumed from its last update."""
    process = start(tmp_path, runtime)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    summary = json.loads(out)
    assert summary["stopped_by"] == "interrupted"
    checkpoints = [path.name for path in (tmp_path / "run" / "checkpoints").glob("step-*")]
    assert checkpoints == [f"step-{summary['learner_steps']:012d}"]


def test_a_second_interrupt_ends_at_once(tmp_path: Path):
    """No waiting for the checkpoint at hand, no summary, no traceback: the process is gone."""
    quick = {**TINY["learner"], "batch_size": 2}
    process = start(tmp_path, "local", network={"encoder_width": 4000, "trunk": [4000]}, learner=quick)
    process.send_signal(signal.SIGINT)
    checkpoints = tmp_path / "run" / "checkpoints"
    wait_until(lambda: any(checkpoints.glob(".step-*.tmp")), 60, "a large checkpoint is being written")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err
    assert not list(checkpoints.glob("step-*"))


def test_a_run_that_ignores_its_terminal_goes_on_without_it(tmp_path: Path):
    """As `nohup` has it: SIGHUP changes nothing, and SIGTERM still ends the run in order."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = start(tmp_path, "local")
    finally:
        signal.signal(signal.SIGHUP, before)
    metrics = tmp_path / "run" / "metrics.jsonl"
    lines = len(metrics.read_text().splitlines())
    process.send_signal(signal.SIGHUP)
    wait_until(lambda: len(metrics.read_text().splitlines()) > lines + 1, 60, "it goes on")
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert json.loads(out)["stopped_by"] == "interrupted"


def test_a_terminal_that_hangs_up_twice_is_one_request(tmp_path: Path):
    """The shell and the kernel may each send SIGHUP, and SIGTERM may come along: the run is saved."""
    process = start(tmp_path, "local")
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGHUP):
        process.send_signal(number)
        time.sleep(0.05)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert json.loads(out)["stopped_by"] == "interrupted"
