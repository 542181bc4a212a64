"""The command line as other programs call it."""

import json
import shutil
from pathlib import Path

import pytest

from tests.support.runs import run_command, tiny_overrides

UNBOUNDED = tiny_overrides(tasks__chain__solved_at="null", tasks__identity__solved_at="null")


@pytest.fixture
def trunkline(monkeypatch: pytest.MonkeyPatch):
    return lambda *arguments: run_command(monkeypatch, *arguments)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    """Return the directory and the summary of a finished local run."""
    directory = tmp_path_factory.mktemp("cli") / "run"
    with pytest.MonkeyPatch.context() as patch:
        arguments = ["train", *UNBOUNDED, "--runtime", "local", "--run-dir", directory, "--json"]
        code, out, err = run_command(patch, *arguments)
    assert code == 0, err
    return directory, json.loads(out)


def test_train_prints_one_json_object(trained):
    """Standard output is the summary and nothing else."""
    directory, summary = trained
    assert set(summary) >= {
        "solved",
        "train_seconds",
        "learner_steps",
        "seed",
        "versions",
        "tasks",
        "run_dir",
    }
    assert summary["run_dir"] == str(directory)
    stored = json.loads((directory / "summary.json").read_text())
    assert {**stored, "run_dir": str(directory)} == summary
    for task in summary["tasks"].values():
        assert set(task) >= {
            "greedy_return_mean",
            "greedy_return_std",
            "episodes",
            "solved",
            "env_steps",
        }


def test_evaluate_uses_the_weights_that_the_run_ended_with(trained, trunkline):
    """Same weights, fresh episodes, as many as asked for."""
    directory, summary = trained
    code, out, _ = trunkline("evaluate", directory, "--episodes", "7", "--json")
    assert code == 0
    result = json.loads(out)
    assert result["weights_sha256"] == summary["weights_sha256"]
    assert [task["episodes"] for task in result["tasks"].values()] == [7, 7]


def test_evaluate_passes_over_a_damaged_checkpoint_and_names_it(trained, trunkline, tmp_path):
    """The newest one that verifies is used; with none left there is a sentence."""
    directory = tmp_path / "copy"
    shutil.copytree(trained[0], directory)
    newest, *older = sorted((directory / "checkpoints").iterdir(), reverse=True)
    weights = newest / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-5])
    code, out, err = trunkline("evaluate", directory, "--episodes", "1", "--json")
    assert code == 0
    assert f"checkpoint {newest.name}: weights.safetensors has" in err
    assert f"step-{json.loads(out)['learner_steps']:012d}" == older[0].name
    for checkpoint in older:
        (checkpoint / "manifest.json").unlink()
    code, out, err = trunkline("evaluate", directory, "--json")
    assert (code, out) == (3, "")
    assert err.startswith(f"trunkline: no checkpoint under {directory / 'checkpoints'} can be used: ")
    assert newest.name in err


def test_resume_goes_on_where_the_run_stopped(trained, trunkline, tmp_path):
    """Counters continue, overrides apply and are written down, metrics are appended."""
    directory = tmp_path / "copy"
    shutil.copytree(trained[0], directory)
    lines = len((directory / "metrics.jsonl").read_text().splitlines())
    code, out, err = trunkline("resume", directory, "stop_env_steps=5000", "--runtime", "local", "--json")
    assert code == 0, err
    before, after = trained[1], json.loads(out)
    assert after["env_steps"] >= 5000
    assert after["learner_steps"] > before["learner_steps"]
    assert after["train_seconds"] > before["train_seconds"]
    assert "stop_env_steps: 5000" in (directory / "config.yaml").read_text()
    assert len((directory / "metrics.jsonl").read_text().splitlines()) > lines


def test_resume_refuses_another_network(trained, trunkline):
    """A checkpoint of another shape is named with the parameter that differs, and the run is left alone."""
    directory, _ = trained
    before = (directory / "config.yaml").read_text()
    code, out, err = trunkline("resume", directory, "network.trunk=[48]", "--runtime", "local", "--json")
    assert (code, out) == (3, "")
    assert "checkpoint of another network: parameter trunk.2.weight has shape [32, 32]" in err
    assert (directory / "config.yaml").read_text() == before


def test_a_directory_that_is_no_run(trunkline, tmp_path):
    """Said in one sentence, by every command that takes one."""
    for command in ("evaluate", "resume"):
        code, out, err = trunkline(command, tmp_path)
        assert (code, out) == (3, "")
        assert err.startswith(f"trunkline: RUN_DIR: {str(tmp_path)!r} is not a run directory")


def test_config_show_is_a_configuration(trunkline, tmp_path):
    """What is shown can be run again and shows the same."""
    code, shown, _ = trunkline("config", "show", "learner.learning_rate=2e-3")
    assert code == 0
    path = tmp_path / "shown.yaml"
    path.write_text(shown)
    assert trunkline("config", "show", path) == (0, shown, "")
    assert "learning_rate: 0.002" in shown


def test_config_schema_and_tasks_are_json(trunkline):
    """Editors and programs can read both."""
    schema = json.loads(trunkline("config", "schema")[1])
    assert set(schema["properties"]) >= {"tasks", "network", "replay", "learner"}
    tasks = json.loads(trunkline("tasks", "list", "--json")[1])["tasks"]
    assert {"cartpole", "mountaincar"} <= {task["name"] for task in tasks}
    assert json.loads(trunkline("config", "validate", "--json")[1])["valid"] is True
