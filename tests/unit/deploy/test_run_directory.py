"""A run's directory: made once, opened again, and what stands in its files."""

import json
from pathlib import Path

import pytest
import torch

from deploy.errors import ConfigError
from deploy.progress import Progress
from deploy.replay_monitor import CountedSteps
from deploy.run_directory import RunDirectory, refuse_existing
from deploy.run_logs import MetricsLog, TensorboardLog
from learner.checkpoint import CheckpointError
from learner.learner_state import restore_learner
from network.weights import WeightsLayout
from tests.support.learning_builders import tiny_config, tiny_parts
from tests.support.status_builders import run_status, table_stats, task_status


def test_a_directory_opens_with_the_configuration_that_made_it(tmp_path: Path):
    """Also below directories that are not there yet; the configuration is the resolved one."""
    config = tiny_config("learner.learning_rate=3e-4")
    RunDirectory.create(tmp_path / "a" / "b", config)
    assert RunDirectory.open(tmp_path / "a" / "b").config == config


def test_an_existing_path_is_never_written_into(tmp_path: Path):
    """The sentence says how to go on with the run that is there."""
    for path in (tmp_path, tmp_path / "file"):
        (tmp_path / "file").touch()
        with pytest.raises(ConfigError) as caught:
            RunDirectory.create(path, tiny_config())
        assert str(caught.value) == (
            f"--run-dir: '{path}' exists; allowed is a path that does not "
            f"(to go on with that run: trunkline resume {path})"
        )
    refuse_existing(tmp_path / "new")


def test_a_path_that_cannot_be_made_is_a_sentence(tmp_path: Path):
    """A file stands where a directory is needed."""
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"--run-dir: '.*' cannot be made: Not a directory"):
        RunDirectory.create(tmp_path / "file" / "run", tiny_config())


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_what_is_no_run_directory_cannot_be_opened(tmp_path: Path, name: str):
    """Missing, or without a configuration."""
    (tmp_path / "empty").mkdir()
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
