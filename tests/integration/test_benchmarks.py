"""The benchmarks run as the documentation says; what they measure is no test's business."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def run(script: str, *arguments: str) -> dict[str, object]:
    """Run a benchmark from another folder and return what it prints."""
    command = [sys.executable, str(BENCHMARKS / script), *arguments, "--json"]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd="/")
    assert finished.returncode == 0, finished.stderr
    result: dict[str, object] = json.loads(finished.stdout)
    return result


def test_the_learners_benchmark_compares_with_a_bare_loop():
    """Both sides are measured in one run, without Ray."""
    result = run("learner.py", "--rounds", "1", "--seconds", "0.05", "--tasks", "2", "--width", "32")
    assert set(result) >= {"ours_updates_per_second", "bare_updates_per_second", "ratio"}


@pytest.mark.ray
def test_the_time_to_solve_is_taken_from_real_runs():
    """One short run over Ray, counted and not solved."""
    result = run("time_to_solve.py", "--seeds", "1", "stop_env_steps=2500", "metrics.port=0")
    assert (result["seeds"], result["solved"]) == (1, 0)
