"""The benchmarks' machinery: turns, peers in other processes, what needs no Ray. No test judges a speed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.harness import Bench, LocalPeer
from benchmarks.peer_process import FOLDER, PeerProcess, PeerProgram

WITHOUT_RAY = """
import runpy, sys
sys.modules["ray"] = sys.modules["gymnasium"] = None
import benchmarks.harness
benchmarks.harness.WARM_UP_SECONDS = 0.05
runpy.run_module("benchmarks.learner", run_name="__main__")
"""
COUNTING = """
import time
def build(arguments):
    print("much", arguments)
    def step():
        time.sleep(0.01)
        return float(arguments[0])
    return step
"""


def run(*arguments: str) -> dict[str, Any]:
    """Run a benchmark from another folder and return what it prints."""
    finished = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=120, cwd="/"
    )
    assert finished.returncode == 0, finished.stderr
    result: dict[str, Any] = json.loads(finished.stdout)
    return result


def peer_of(tmp_path: Path, text: str, *arguments: object, **settings: float) -> PeerProcess:
    """Return a peer that this interpreter can run, of a script with that text."""
    script = tmp_path / "peer.py"
    script.write_text(text)
    return PeerProcess(PeerProgram("toy", "pytest", "pytest", script), *arguments, **settings)


def test_the_learners_benchmark_needs_neither_ray_nor_gymnasium():
    """It says the same JSON where both cannot be imported."""
    result = run("-c", WITHOUT_RAY, "--rounds", "1", "--seconds", "0.05")
    assert {"cpu", "cores", "memory_gib", "python", "os"} <= set(result["machine"])
    assert [row["what"] for row in result["rows"]] == ["update"] * 3 + ["update of many tasks"]
    assert all(row["ours"] > 0 and row["peer"] > 0 and row["ratio"] > 0 for row in result["rows"])


@pytest.mark.slow
@pytest.mark.ray
def test_the_time_to_solve_is_taken_from_real_runs():
    """One short run over Ray, counted and not solved."""
    arguments = ("--seeds", "1", "stop_env_steps=20000", "metrics.port=0", "--json")
    result = run("-m", "benchmarks.time_to_solve", *arguments)
    assert (result["seeds"], result["solved"]) == (1, 0)


def test_sides_take_turns_and_medians_are_of_rounds():
    """The ratio is the median of the rounds' ratios, not the ratio of the medians."""
    turns: list[str] = []

    def measure(name: str, *values: float):
        left = iter(values)

        def take_turn(_: float) -> float:
            turns.append(name)
            return next(left)

        return take_turn

    bench = Bench(rounds=3, seconds=1.0, say=lambda _: None)
    peer = LocalPeer("peer 1.0", measure("peer", 1.0, 4.0, 6.0))
    bench.compare("a", "b", "c", measure("ours", 1.0, 8.0, 3.0), peer)
    assert turns == ["ours", "peer"] * 3
    (row,) = bench.rows
    assert (row.ours, row.peer, row.peer_name, row.ratio) == (3.0, 4.0, "peer 1.0", 1.0)


def test_a_peer_is_measured_in_a_process_of_its_own(tmp_path: Path):
    """It says its version, gets its arguments, and whatever else it prints disturbs nobody."""
    with peer_of(tmp_path, COUNTING, 5) as peer:
        assert peer.problem is None
        assert peer.name == f"toy {pytest.__version__}"
        rate, again = peer.measure(0.2), peer.measure(0.1)
        assert rate is not None
        assert again is not None
        assert 100 < rate < 500
        assert again > 0


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("import no_such_thing\n", "was not ready: its process ended (ModuleNotFoundError: No module named"),
        ("import time\ndef build(_):\n    time.sleep(60)\n", "was not ready within 2 s"),
    ],
)
def test_a_peer_that_never_gets_ready_is_a_sentence(tmp_path: Path, text: str, problem: str):
    """Its rows have no figure of it, and the rest goes on."""
    bench = Bench(rounds=2, seconds=0.1, say=lambda _: None)
    with peer_of(tmp_path, text, ready_seconds=2.0) as peer:
        bench.compare("a", "b", "c", lambda _: 2.0, peer)
    (row,) = bench.rows
    assert (row.ours, row.peer, row.ratio) == (2.0, None, None)
    assert len(bench.notes) == 1
    assert problem in bench.notes[0]


def test_a_peer_that_dies_in_the_middle_is_a_sentence(tmp_path: Path):
    """A row with one good round is no row: the figure is left out."""
    text = COUNTING.replace("time.sleep(0.01)", "next(left); time.sleep(0.01)").replace(
        "def step", "left = iter(range(130))\n    def step"
    )
    bench = Bench(rounds=5, seconds=0.4, say=lambda _: None)
    with peer_of(tmp_path, text, 1) as peer:
        assert peer.problem is None
        assert peer.measure(0.1) is not None
        bench.compare("a", "b", "c", lambda _: 2.0, peer)
    assert bench.rows[0].peer is None
    assert "did not answer: its process ended (StopIteration)" in bench.notes[0]


def test_a_peer_that_is_not_installed_is_named_and_how_to_install_it(monkeypatch, tmp_path: Path):
    """With the version that the requirements ask for."""
    monkeypatch.chdir(tmp_path)
    program = PeerProgram("cpprb", "cpprb", "no_such_thing", FOLDER / "peers" / "cpprb_replay.py")
    with PeerProcess(program, "insert", 100, "float32", 4) as peer:
        assert peer.measure(0.1) is None
    assert peer.name == "cpprb 11.0.0"
    assert peer.problem is not None
    assert "make bench-peers" in peer.problem
    assert "benchmarks/requirements.txt" in peer.problem
