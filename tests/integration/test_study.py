"""`trunkline study` and `trunkline report`, over real Ray, from a file to a report."""

import json
import shutil
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Studied:
    """A study of which one seed is finished."""

    config: Path
    directory: Path
    results: dict[str, Any]


@pytest.fixture(scope="module")
def studied(tmp_path_factory: pytest.TempPathFactory) -> Studied:
    """Make the runs of its first seed, side by side."""
    folder = tmp_path_factory.mktemp("study")
    config, directory = write_study(folder / "tiny.yaml"), folder / "study"
    with pytest.MonkeyPatch.context() as patch:
        arguments = (config, "--seeds", "1", "--workers", "2", "--dir", directory, "--json")
        code, out, err = run_command(patch, "study", *arguments)
    assert code == 0, err
    return Studied(config, directory, json.loads(out))


def test_a_study_of_one_seed_says_that_it_is_too_few(studied: Studied):
    """From its file to its report: all arms have run, and what they cannot show is said."""
    assert studied.results["arms"]["apart"]["tasks"]["chain"]["seeds"] == [1]
    assert "Only one seed of shared and apart has finished, so an effect cannot be told from chance" in (
        (studied.directory / "report.md").read_text()
    )


def test_arms_are_evaluated_after_the_same_updates(studied: Studied):
    """And as many env steps, but for what two blocks hold; only the last evaluation may be off."""
    arms = []
    for arm in ("shared", "apart"):
        text = (studied.directory / "runs" / arm / "seed-1" / "evaluations.jsonl").read_text()
        arms.append([json.loads(line) for line in text.splitlines()][:-1])
    assert min(len(evaluations) for evaluations in arms) > 1
    for one, other in zip(*arms, strict=False):
        assert one["learner_step"] == other["learner_step"]
        for task in ("chain", "identity"):
            assert abs(one["tasks"][task]["env_steps"] - other["tasks"][task]["env_steps"]) <= 64


def test_a_study_goes_on_where_it_was_stopped(trunkline, studied: Studied, tmp_path: Path):
    """It runs nothing twice, and its report says what is missing."""
    directory = tmp_path / "study"
    shutil.copytree(studied.directory, directory)
    kept = directory / "runs" / "shared" / "seed-1" / "summary.json"
    before = kept.stat().st_mtime_ns
    code, out, err = trunkline("study", studied.config, "--workers", "2", "--dir", directory, "--json")
    assert code == 0, err
    assert kept.stat().st_mtime_ns == before
    assert "2 of 4 runs" in err
    results = json.loads(out)
    assert results["arms"]["shared"]["tasks"]["identity"]["seeds"] == [1, 2]
    assert results["arms"]["shared"]["cost"] != results["arms"]["apart"]["cost"]
    assert (directory / "report.html").stat().st_size > 10_000

    shutil.rmtree(directory / "runs" / "apart" / "seed-2")
    code, out, err = trunkline("report", directory)
    assert code == 0, err
    assert "1 of 4 runs did not finish: apart, seed 2" in (directory / "report.md").read_text()


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
