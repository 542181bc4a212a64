"""`trunkline study` and `trunkline report`, over real Ray, from a file to a report."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.broken_environments import env_id
from tests.support.learning_builders import tiny_raw
from tests.support.runs import run_command

pytestmark = pytest.mark.ray


@pytest.fixture
def trunkline(monkeypatch: pytest.MonkeyPatch):
    return lambda *arguments: run_command(monkeypatch, *arguments)


def write_study(path: Path, **changes: Any) -> Path:
    run = tiny_raw(probes={"period": 20}, evaluation={"period": 50, "episodes": 3})
    raw = {
        "name": "tiny",
        "run": run,
        "reference": "shared",
        "tuning": "none, for either arm",
        "seeds": 2,
        "last": 2,
        "arms": {"shared": {}, "apart": {"network.sharing": "separate"}},
    }
    path.write_text(yaml.safe_dump(raw | changes))
    return path


def test_a_study_from_its_file_to_its_report_and_on(trunkline, tmp_path: Path):
    """It runs all arms, goes on where it was stopped, runs nothing twice, and says what is missing."""
    config, directory = write_study(tmp_path / "tiny.yaml"), tmp_path / "study"
    code, out, err = trunkline(
        "study", config, "--seeds", "1", "--workers", "2", "--dir", directory, "--json"
    )
    assert code == 0, err
    results = json.loads(out)
    assert results["arms"]["apart"]["tasks"]["chain"]["seeds"] == [1]
    assert "Only one seed of shared and apart has finished, so an effect cannot be told from chance" in (
        (directory / "report.md").read_text()
    )
    kept = directory / "runs" / "shared" / "seed-1" / "summary.json"
    before = kept.stat().st_mtime_ns

    code, out, err = trunkline("study", config, "--workers", "2", "--dir", directory, "--json")
    assert code == 0, err
    assert kept.stat().st_mtime_ns == before
    assert "2 of 4 runs" in err
    results = json.loads(out)
    assert results["arms"]["shared"]["tasks"]["identity"]["seeds"] == [1, 2]
    assert results["arms"]["shared"]["cost"] != results["arms"]["apart"]["cost"]
    assert (directory / "report.html").stat().st_size > 10_000

    for path in sorted((directory / "runs" / "apart" / "seed-2").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    (directory / "runs" / "apart" / "seed-2").rmdir()
    code, out, err = trunkline("report", directory)
    assert code == 0, err
    assert "1 of 4 runs did not finish: apart, seed 2" in (directory / "report.md").read_text()


def test_arms_are_evaluated_after_the_same_updates(trunkline, tmp_path: Path):
    """And as many env steps, but for what two blocks hold; only the last evaluation may be off."""
    config, directory = write_study(tmp_path / "tiny.yaml", seeds=1), tmp_path / "study"
    code, _, err = trunkline("study", config, "--workers", "2", "--dir", directory)
    assert code == 0, err
    arms = []
    for arm in ("shared", "apart"):
        text = (directory / "runs" / arm / "seed-1" / "evaluations.jsonl").read_text()
        arms.append([json.loads(line) for line in text.splitlines()][:-1])
    for one, other in zip(*arms, strict=False):
        assert one["learner_step"] == other["learner_step"]
        for task in ("chain", "identity"):
            assert abs(one["tasks"][task]["env_steps"] - other["tasks"][task]["env_steps"]) <= 64


@pytest.mark.slow
def test_what_a_user_gets_wrong_is_a_sentence(trunkline, tmp_path: Path):
    """No directory of a study, runs that belong to another study, a run that fails."""
    code, _, err = trunkline("report", tmp_path)
    assert (code, err) == (
        3,
        f"trunkline: DIR: {str(tmp_path)!r} is not the directory of a study: it has no study.yaml\n",
    )

    config, directory = write_study(tmp_path / "tiny.yaml", seeds=1), tmp_path / "study"
    assert trunkline("study", config, "--workers", "2", "--dir", directory)[0] == 0
    other = tiny_raw(learner={"batch_size": 16, "learning_rate": 5e-4})
    write_study(config, seeds=1, run=other)
    code, _, err = trunkline("study", config, "--dir", directory)
    assert code == 3
    assert "differs from the study in" in err
    assert "learner.learning_rate" in err

    broken = tiny_raw(
        tasks={"stuck": {"env": env_id("RaisesInStep"), "env_kwargs": {"spared": 12}, "envs_per_actor": 2}}
    )
    write_study(config, seeds=1, run=broken)
    code, _, err = trunkline("study", config, "--dir", tmp_path / "broken")
    assert code == 5
    for arm in ("shared", "apart"):
        assert f"trunkline: tiny/{arm}/seed-1: task 'stuck': environment" in err
    assert "Traceback" not in err
