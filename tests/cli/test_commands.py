"""The command line as other programs call it."""

import importlib
import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from cli.main import EXIT_CODES
from tasks.registry import shipped_registry
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
        local = ("--runtime", "local", "--json", "--run-dir", directory)
        code, out, err = run_command(patch, "train", *UNBOUNDED, *local)
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
    assert "checkpoint of another network: parameter" in err
    assert "the configured network's has [2, 48]" in err
    assert (directory / "config.yaml").read_text() == before


def test_train_prints_where_replay_goes_and_what_it_takes(trunkline, tmp_path):
    """Each task's transitions, bytes, share and shards, and what all take of the budget."""
    overrides = [*UNBOUNDED, "stop_env_steps=900", "replay.shards=2", "tasks.chain.actors=2"]
    overrides += [
        "tasks.chain.capacity=3MiB",
        "tasks.identity.capacity=1.5MiB",
        "replay.memory_budget=512MiB",
    ]
    directory = tmp_path / "run"
    code, out, _ = trunkline("train", *overrides, "--runtime", "local", "--run-dir", directory)
    assert code == 0
    lines = out.splitlines()
    assert lines[:6] == [
        "chain: trunkline/Chain-v0, 2 actions, 50 steps an episode at most; replay keeps 43,152 transitions "
        "(3 MiB, 67% of all) on shards 0, 1",
        "identity: trunkline/Identity-v0, 3 actions, 20 steps an episode at most; replay keeps 34,656 "
        "transitions (1.5 MiB, 33% of all) on shard 0",
        "chain: observations of shape (8,), float32, go through one linear layer of 288 parameters",
        "identity: observations of shape (3,), float32, go through one linear layer of 128 parameters",
        "network: 1,701 parameters, the trunk and the heads included",
        "replay takes 4.5 MiB in all; replay.memory_budget allows 512 MiB",
    ]
    _, _, err = trunkline("resume", directory, "replay.shards=1", "--runtime", "local", "--json")
    assert "replay keeps 43,160 transitions (3 MiB, 67% of all) on shard 0\n" in err
    assert "replay takes 4.5 MiB in all; replay.memory_budget allows 512 MiB" in err


def test_a_resumed_run_has_its_replay_back(trained, trunkline, tmp_path):
    """The status of the first report shows what the snapshot brought; the summary's books agree."""
    directory = tmp_path / "copy"
    shutil.copytree(trained[0], directory)
    before = json.loads((directory / "summary.json").read_text())
    lines = len((directory / "metrics.jsonl").read_text().splitlines())
    code, out, err = trunkline("resume", directory, "stop_env_steps=5000", "--runtime", "local", "--json")
    assert code == 0, err
    status = json.loads((directory / "metrics.jsonl").read_text().splitlines()[lines])
    for task in status["tasks"]:
        assert task["table"]["restored"] == before["tasks"][task["name"]]["transitions"]["stored"] > 1000
    assert [task["transitions"]["problem"] for task in json.loads(out)["tasks"].values()] == [None, None]
    assert json.loads(out)["replay_saved"] is True
    assert [shard["up"] for shard in status["shards"]] == [True]


@pytest.fixture(scope="module")
def trained_on_board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of a local run on a board of 10 x 5."""
    directory = tmp_path_factory.mktemp("board") / "run"
    overrides = [*UNBOUNDED, "tasks.board={env: trunkline/Catch-v0, envs_per_actor: 4, solved_at: null}"]
    with pytest.MonkeyPatch.context() as patch:
        local = ("--runtime", "local", "--json", "--run-dir", directory)
        assert run_command(patch, "train", *overrides, *local)[0] == 0
    return directory


def test_resume_refuses_replay_of_other_frames(trained_on_board, trunkline, tmp_path):
    """One sentence names task, field and both values, and what to give to go on without; exit code 3."""
    directory = tmp_path / "copy"
    shutil.copytree(trained_on_board, directory)
    before = (directory / "config.yaml").read_text()
    wide = ["tasks.board.env_kwargs={rows: 5, columns: 10}", "stop_env_steps=4000", "--runtime", "local"]
    code, out, err = trunkline("resume", directory, *wide, "--json")
    assert (code, out) == (3, "")
    assert re.fullmatch(
        r"trunkline: replay snapshot of another configuration: frame_shape of task 'board' was \[10, 5\], "
        r"it is [\[(]5, 10[\])] now; to resume without replay give checkpoint.replay=false",
        err.splitlines()[-1],
    )
    assert (directory / "config.yaml").read_text() == before
    code, _, err = trunkline("resume", directory, *wide, "checkpoint.replay=false", "--json")
    assert code == 0, err


def test_resume_on_observations_of_another_size_names_the_network(trained_on_board, trunkline):
    """Without replay too: then the network is all that does not fit."""
    for replay in ("true", "false"):
        overrides = ["tasks.board.env_kwargs={rows: 6}", f"checkpoint.replay={replay}"]
        code, out, err = trunkline("resume", trained_on_board, *overrides, "--runtime", "local", "--json")
        assert (code, out) == (3, "")
        assert "checkpoint of another network: parameter" in err.splitlines()[-1]
        assert "replay snapshot" not in err


def test_resume_names_a_damaged_snapshot(trained, trunkline, tmp_path):
    """Exit code 3 and one sentence; the run is left alone."""
    directory = tmp_path / "copy"
    shutil.copytree(trained[0], directory)
    (directory / "replay" / "shard-0" / "manifest.json").write_text("{}")
    code, out, err = trunkline("resume", directory, "stop_env_steps=4000", "--runtime", "local", "--json")
    assert (code, out) == (3, "")
    assert err.splitlines()[-1].startswith(
        "trunkline: replay snapshot shard-0 has no manifest that can be read"
    )
    assert "Traceback" not in err


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


def test_the_list_of_tasks_can_be_read_on_a_usual_terminal(trunkline, monkeypatch: pytest.MonkeyPatch):
    """Eighty columns: every word is whole."""
    monkeypatch.setenv("COLUMNS", "80")
    words = trunkline("tasks", "list")[1].split()
    for known in shipped_registry().all():
        assert {known.env, *known.about.split()} <= set(words), known.name


BOARD = "tests.support.odd_environments:Given"


def test_each_part_of_an_observation_has_its_place_in_the_line_of_its_encoder(trunkline):
    """What it is, what it goes through, and how large that is; the sum stands at the end."""
    arguments = ["--no-defaults", "tasks.t.env=tests.support.odd_environments:Parts"]
    settings = ["tasks.t.observation_scale.arm=auto", "network.encoder_width=8", "tasks.t.action_bins=3"]
    code, out, err = trunkline("config", "validate", *arguments, *settings)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert ", actions of 2 dimensions with 3 choices, " in lines[0]
    assert lines[1] == (
        "t: values of the part 'arm' of shape (2,), float32, scaled by what is seen, go through one linear "
        "layer of 29 parameters; values of the part 'image' of shape (7, 7, 3), uint8, go through "
        "convolutions of 3,656 parameters; values of the part 'mission' of at most 5 words go through a "
        "convolution over words of 72,264 parameters; values of the part 'room' that name things, 4 in all, "
        "go through a table of 40 parameters; 75,989 parameters in all"
    )


def test_validate_says_what_train_would_say_and_warns(trunkline):
    """The same lines; with --json the warnings are a list."""
    arguments = [
        "--no-defaults",
        f"tasks.board.env={BOARD}",
        "tasks.board.env_kwargs={shape: [40, 40], dtype: uint8, value: 200}",
        "tasks.board.max_episode_steps=30",
    ]
    code, out, err = trunkline("config", "validate", *arguments)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith(
        f"board: {BOARD}, 3 actions, 30 steps an episode at most; replay keeps 100,000 tr"
    )
    assert lines[1] == (
        "board: observations of shape (40, 40), uint8, go through one linear layer of 204,928 parameters"
    )
    assert lines[-2].startswith(
        "warning: tasks.board.env: observations of shape (40, 40) go through one linear"
    )
    assert lines[-1] == "valid: board"
    report = json.loads(trunkline("config", "validate", *arguments, "--json")[1])
    assert (report["valid"], report["tasks"]) == (True, ["board"])
    assert [f"warning: {warning}" for warning in report["warnings"]] == lines[-2:-1]


def test_no_defaults_leaves_out_the_shipped_pair(trunkline):
    """In every command that has it; without a task there is nothing to do."""
    code, out, _ = trunkline("config", "show", "--no-defaults", "tasks.swing.env=Acrobot-v1", "--json")
    assert (code, list(json.loads(out)["tasks"])) == (0, ["swing"])
    code, _, err = trunkline("train", "--no-defaults")
    assert code == 3
    assert err == "trunkline: tasks: {} is not allowed: it should have at least 1 item, not 0\n"


def test_a_module_in_the_current_directory_is_found(trunkline, tmp_path, monkeypatch):
    """A class of it needs no registration, and what the directory has besides hides nothing of ours."""
    (tmp_path / "grounds.py").write_text("from tests.support.odd_environments import Steady as Lawn\n")
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "__init__.py").write_text("raise ImportError('not ours')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", list(sys.path))
    code, out, _ = trunkline("config", "validate", "--no-defaults", "tasks.lawn.env=grounds:Lawn")
    assert (code, out.splitlines()[-1]) == (0, "valid: lawn")
    assert sys.path[-1] == str(tmp_path)


def test_what_json_cannot_show_is_a_note_beside_it(trunkline):
    """Standard output has one object, and it is JSON."""
    code, out, err = trunkline(
        *("config", "show", "--no-defaults", "tasks.board.env_kwargs={shape: [2], low: -.inf}"),
        *(f"tasks.board.env={BOARD}", "--json"),
    )
    assert code == 0
    assert json.loads(out)["tasks"]["board"]["env_kwargs"] == {"shape": [2], "low": "-.inf"}
    assert err.splitlines() == [
        "trunkline: tasks.board.env_kwargs.low: JSON has no such value and shows the text '-.inf'; without "
        "--json it is shown"
    ]


def test_errors_that_have_an_exit_code_exist():
    """They are known by name alone, so that a class which moves must be noticed."""
    for name in EXIT_CODES:
        module, _, error = name.rpartition(".")
        assert issubclass(getattr(importlib.import_module(module), error), Exception)
