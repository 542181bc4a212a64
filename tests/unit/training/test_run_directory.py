"""A run's directory: made once, opened again, and what stands in its files."""

import json
import math
import os
from pathlib import Path

import pytest
import torch

from config.errors import ConfigError
from learner.checkpoint import Checkpoint, CheckpointError
from learner.learner_state import restore_learner
from network.weights import WeightsLayout
from tests.support.learning_builders import tiny_config, tiny_parts
from tests.support.status_builders import run_status, table_stats, task_status
from training.directory.owner import OWNER, Owner
from training.directory.run_directory import LIVES, RunDirectory, refuse_existing
from training.directory.run_logs import MetricsLog, TensorboardLog
from training.errors import TrainingFailedError
from training.json_text import json_text
from training.status.progress import Progress
from training.status.replay_counters import CountedSteps

DEEP = "[" * 200_000 + "]" * 200_000
"""More than a parser can follow."""


def test_a_directory_opens_with_the_configuration_that_made_it(tmp_path: Path):
    """Also below directories that are not there yet; the configuration is the resolved one."""
    config = tiny_config("learner.learning_rate=3e-4")
    RunDirectory.create(tmp_path / "a" / "b", config)
    assert RunDirectory.open(tmp_path / "a" / "b").config == config


def test_an_existing_path_is_never_written_into(tmp_path: Path):
    """Where a run is there, the sentence says how to go on with it."""
    for path in (tmp_path, tmp_path / "file"):
        (tmp_path / "file").touch()
        with pytest.raises(ConfigError) as caught:
            RunDirectory.create(path, tiny_config())
        assert str(caught.value) == f"--run-dir: '{path}' exists; allowed is a path that does not"
    RunDirectory.create(tmp_path / "run", tiny_config())
    with pytest.raises(ConfigError) as caught:
        refuse_existing(tmp_path / "run")
    advice = f"(to go on with that run: trunkline resume {tmp_path / 'run'})"
    assert str(caught.value).endswith(f"exists; allowed is a path that does not {advice}")
    refuse_existing(tmp_path / "new")


def test_a_path_that_cannot_be_made_is_a_sentence(tmp_path: Path):
    """A file stands where a directory is needed."""
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"--run-dir: '.*' cannot be made: Not a directory"):
        RunDirectory.create(tmp_path / "file" / "run", tiny_config())


@pytest.mark.parametrize("name", ["nowhere", "empty", "pipe"])
def test_what_is_no_run_directory_cannot_be_opened(tmp_path: Path, name: str):
    """Missing, without a configuration, or with one that is no regular file."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "pipe").mkdir()
    os.mkfifo(tmp_path / "pipe" / "config.yaml")
    with pytest.raises(
        ConfigError, match=r"RUN_DIR: '.*' is not a run directory: its config.yaml cannot be read"
    ):
        RunDirectory.open(tmp_path / name)


@pytest.mark.parametrize(
    "content",
    [
        b"tasks: [",
        b"tasks: {}",
        b"",
        b"\xff\xfe",
    ],
)
def test_a_damaged_configuration_is_a_sentence(tmp_path: Path, content: bytes):
    """Whatever stands in the file, there is no traceback."""
    (tmp_path / "config.yaml").write_bytes(content)
    with pytest.raises(ConfigError):
        RunDirectory.open(tmp_path)


def test_a_checkpoint_holds_all_that_a_resumed_run_needs(tmp_path: Path):
    """Steps and where they came from, time, life, version, seed, the torch generator, the configuration."""
    parts = tiny_parts()
    directory = RunDirectory.create(tmp_path / "run", parts.config)
    learner = parts.learner()
    learner.learner_step = 40
    random_state = torch.get_rng_state()
    counted = [CountedSteps(0, 2_000_001, {"chain": 4, "identity": 6})]
    directory.save_checkpoint(learner, Progress({"chain": 5, "identity": 7}, 1.5, 2, 8, counted))
    checkpoint, passed_over = directory.newest_checkpoint()
    assert passed_over == []
    assert checkpoint.state == {
        "learner_step": 40,
        "seed": 3,
        "env_steps": {"chain": 5, "identity": 7},
        "train_seconds": 1.5,
        "life": 2,
        "weights_version": 8,
        "counted": [{"shard": 0, "incarnation": 2_000_001, "env_steps": {"chain": 4, "identity": 6}}],
    }
    assert torch.equal(checkpoint.tensors["random"]["torch"], random_state)
    assert checkpoint.texts["config.yaml"] == (tmp_path / "run" / "config.yaml").read_text()
    fresh = tiny_parts("seed=9").learner()
    restore_learner(fresh, checkpoint)
    layout = WeightsLayout(learner.network)
    assert layout.snapshot(fresh.network).digest() == layout.snapshot(learner.network).digest()


def test_old_checkpoints_go_as_configured(tmp_path: Path):
    """`checkpoint.keep` is 2 here."""
    parts = tiny_parts()
    directory = RunDirectory.create(tmp_path / "run", parts.config)
    learner = parts.learner()
    for step in (1, 2, 3):
        learner.learner_step = step
        directory.save_checkpoint(learner, Progress())
    assert len(list((tmp_path / "run" / "checkpoints").iterdir())) == 2


def test_a_run_without_checkpoints_says_so(tmp_path: Path):
    """A run that ended before its first one cannot be gone on with."""
    with pytest.raises(CheckpointError, match="there are none"):
        RunDirectory.create(tmp_path / "run", tiny_config()).newest_checkpoint()


def test_a_directory_that_is_removed_while_the_run_trains_is_a_run_directory_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    """The next checkpoint brings its configuration and its life back, with one warning for each removal."""
    parts = tiny_parts()
    directory = RunDirectory.create(tmp_path / "run", parts.config)
    for moved in ("once", "twice"):
        directory.path.rename(tmp_path / moved)
        caplog.clear()
        for _ in range(2):
            directory.save_checkpoint(parts.learner(), Progress(life=3))
        assert [message.partition(",")[0] for message in caplog.messages] == [
            f"{directory.path} was removed or moved while the run trains: checkpoints are written there "
            "from now on"
        ]
        again = RunDirectory.open(directory.path)
        assert (again.config, again.lives()) == (parts.config, 4)


def test_a_configuration_that_is_missing_is_found_in_a_checkpoint(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    """In the newest one that verifies; without one there is no run."""
    parts = tiny_parts()
    path = tmp_path / "run"
    RunDirectory.create(path, parts.config).save_checkpoint(parts.learner(), Progress())
    (path / "config.yaml").unlink()
    assert RunDirectory.open(path).config == parts.config
    assert caplog.messages == [f"{path / 'config.yaml'} is missing: the one in the newest checkpoint is used"]
    for file in path.rglob("manifest.json"):
        file.write_text("{}")
    with pytest.raises(ConfigError, match=r"is not a run directory: its config.yaml cannot be read"):
        RunDirectory.open(path)


def test_one_process_at_a_time_trains_in_a_directory(tmp_path: Path):
    """A second is refused before it has touched anything, of a new run or an old one; readers are let in."""
    for path in (tmp_path / "new", tmp_path / "run"):
        with RunDirectory.claim(path) as ownership:
            if path.name == "run":
                directory = RunDirectory.create(path, tiny_config(), ownership)
                directory.save_checkpoint(tiny_parts().learner(), Progress())
            before = {file: file.stat().st_mtime_ns for file in path.rglob("*")}
            with pytest.raises(ConfigError, match="is in use by process"), RunDirectory.claim(path):
                pass
            assert {file: file.stat().st_mtime_ns for file in path.rglob("*")} == before
    RunDirectory.open(path).newest_checkpoint()
    assert not (tmp_path / "new").exists()
    assert not (path / OWNER).exists()


def test_a_start_that_was_killed_leaves_the_path_free(tmp_path: Path):
    """There is no run before its configuration is written, whatever else lies there by then."""
    path = tmp_path / "run"
    path.mkdir()
    for name in (OWNER, LIVES, ".config.yaml.new"):
        (path / name).write_text("1")
        refuse_existing(path)
    with RunDirectory.claim(path):
        pass
    assert not path.exists()
    with RunDirectory.claim(path) as ownership:
        RunDirectory.create(path, tiny_config(), ownership)
    assert RunDirectory.open(path).lives() == 1
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / OWNER).touch()
    (tmp_path / "other" / "notes").touch()
    with pytest.raises(ConfigError, match="exists"):
        refuse_existing(tmp_path / "other")


def test_nothing_is_saved_into_a_directory_that_was_taken_over(tmp_path: Path):
    """By somebody on another host, while this process was suspended."""
    with RunDirectory.claim(tmp_path / "run") as ownership:
        directory = RunDirectory.create(tmp_path / "run", tiny_config(), ownership)
        (directory.path / OWNER).write_text(json_text(vars(Owner("elsewhere", 7, "boot", "token"))))
        with pytest.raises(TrainingFailedError, match="was taken over by process 7 on host 'elsewhere'"):
            directory.save_checkpoint(tiny_parts().learner(), Progress())
        with pytest.raises(TrainingFailedError, match="was taken over"):
            directory.save_best(1, Checkpoint({}, {}, {}))
    assert not directory.checkpoints.exists()


def test_a_full_disk_is_a_sentence_and_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """Of a checkpoint and of a beginning it ends the run; a summary that is missing is only warned about."""
    parts = tiny_parts()
    directory = RunDirectory.create(tmp_path / "run", parts.config)
    directory.save_checkpoint(parts.learner(), Progress())
    directory.write_summary({"a": 1})
    before = {file: file.read_bytes() for file in directory.path.rglob("*") if file.is_file()}

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(TrainingFailedError, match=r"a checkpoint cannot be written: .*: No space left"):
            directory.save_checkpoint(parts.learner(), Progress())
        with pytest.raises(
            TrainingFailedError, match=r"the run cannot go on: .* cannot be written: No space"
        ):
            directory.begin_life(1)
        directory.write_summary({"a": 2})
    assert caplog.messages == [
        f"{directory.path / 'summary.json'} cannot be written: No space left on device"
    ]
    assert {file: file.read_bytes() for file in directory.path.rglob("*") if file.is_file()} == before


def test_what_cannot_be_read_is_no_traceback(tmp_path: Path):
    """A disk that is gone, files that somebody changed."""
    directory = RunDirectory.create(tmp_path / "run", tiny_config())
    disk = directory.disk()
    assert disk is not None
    assert disk.total_bytes > 0
    assert RunDirectory(tmp_path / "nowhere", tiny_config()).disk() is None
    for content in ("", "{", "[]", "\0", DEEP):
        (directory.path / "summary.json").write_text(content)
        assert directory.summary() is None
    for content in ("two", "-1", "1000001", "9" * 23, "9" * 5000):
        (directory.path / LIVES).write_text(content)
        with pytest.raises(ConfigError, match=r"lives' should hold the number of times.*, 0 to 1,000,000"):
            directory.lives()
    for name, read in (
        (LIVES, directory.lives),
        (OWNER, lambda: directory.claim(directory.path).__enter__()),
    ):
        (directory.path / name).unlink(missing_ok=True)
        os.mkfifo(directory.path / name)
        with pytest.raises(ConfigError, match=f"{name}"):
            read()


def test_a_summary_is_json(tmp_path: Path):
    """Where something is not a number there is null."""
    directory = RunDirectory.create(tmp_path / "run", tiny_config())
    directory.write_summary({"mean": math.nan, "std": math.inf})
    assert directory.summary() == {"mean": None, "std": None}


def test_every_status_is_a_line_of_json(tmp_path: Path):
    """Lines are complete as soon as they are written, and a resumed run goes on below them."""
    for life in range(2):
        log = MetricsLog(tmp_path)
        log(run_status(learner_step=life))
        lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    assert [line["learner_step"] for line in found] == [0, 1]
    assert found[0]["tasks"][0]["table"]["inserted"] == 100


def test_tensorboard_gets_events_also_where_something_is_unknown(tmp_path: Path):
    """Values that are None are left out."""
    log = TensorboardLog(tmp_path)
    log(run_status(task_status(loss=None, greedy_return=None, table=table_stats(recent_return=None))))
    (events,) = (tmp_path / "tensorboard").iterdir()
    content = events.read_bytes()
    assert b"chain/env_steps_per_second" in content
    assert b"chain/loss" not in content
