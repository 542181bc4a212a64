"""A study's directory: who runs it, and what in it is the study's own."""

import shutil
from pathlib import Path

import pytest

from config.errors import ConfigError
from deploy.jobs import FinishedJob
from study.launch import run_study
from study.plan import create_plan, open_plan
from study.running import run_missing
from tests.unit.training.test_append_file import room_for
from training.directory.owner import owned

CONFIGS = Path(__file__).parents[3] / "study" / "configs"


def test_one_process_at_a_time_runs_a_study(tmp_path: Path):
    """A second one is refused before it has touched anything; a report may be made meanwhile."""
    directory = tmp_path / "study"
    with owned(directory, "study directory"):
        before = list(directory.iterdir())
        with pytest.raises(ConfigError, match=r"study directory '.*' is in use by process \d+ on host"):
            run_study(CONFIGS / "sharing.yaml", directory, None, None, None, print)
        assert list(directory.iterdir()) == before


def test_a_copy_beside_a_control_is_none(tmp_path: Path):
    """It would be reported a second time, or hold runs that do not belong to the study any more."""
    config = next(path for path in sorted(CONFIGS.glob("*.yaml")) if "controls:" in path.read_text())
    *controls, _ = create_plan(config, tmp_path / "study", None)
    assert controls
    for control in controls:
        shutil.copytree(control.directory, control.directory.with_name(f"{control.directory.name}.bak"))
    found = [plan.directory for plan in open_plan(tmp_path / "study")]
    assert sorted(found) == sorted([*(control.directory for control in controls), tmp_path / "study"])


def test_a_finished_run_that_cannot_be_written_is_a_failure_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The next ones are written; nothing half-written is left, so the same command makes the run anew."""
    (*_, plan) = create_plan(CONFIGS / "sharing.yaml", tmp_path / "study", seeds=2)
    full, other = plan.missing()[:2]
    files = {"config.yaml": b"x", "checkpoints/big": bytes(5000)}
    finished = [
        FinishedJob(
            f"{plan.study.name}/{run.arm}/seed-{run.seed}", files if run == full else {"a": b"x"}, None
        )
        for run in (full, other)
    ]
    monkeypatch.setattr("study.running.run_jobs", lambda *_: finished)
    with room_for(1000):
        (failure,) = run_missing([plan], None, None, lambda _: None)
    assert failure.startswith(f"{finished[0].name}: it cannot be written: ")
    assert failure.endswith("File too large")
    assert not full.directory.exists()
    assert other.directory.exists()
    assert list((tmp_path / "study").rglob(".*")) == []
