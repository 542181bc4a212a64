"""The features of two runs, compared by their directories."""

from pathlib import Path

import numpy as np
import pytest

from actors.random_play import random_observations
from config.errors import ConfigError
from tests.support.learning_builders import tiny_parts
from training.directory.run_directory import RunDirectory
from training.evaluation.feature_similarity import feature_similarity
from training.status.progress import Progress


def saved(path: Path, *overrides: str) -> RunDirectory:
    """Return the directory of a run with its initial weights."""
    parts = tiny_parts(*overrides)
    directory = RunDirectory.create(path, parts.config)
    directory.save_checkpoint(parts.learner(), Progress())
    return directory


def test_a_run_is_like_itself_and_less_like_another(tmp_path: Path):
    """Ways of sharing and widths may differ; a task has the same value from either side."""
    first = saved(tmp_path / "first")
    second = saved(tmp_path / "second", "seed=4", "network.sharing=separate", "network.trunk=[12]")
    assert feature_similarity(first, first, rows=64) == pytest.approx(
        {"chain": 1.0, "identity": 1.0}, abs=1e-4
    )
    between = feature_similarity(first, second, rows=64)
    assert list(between) == ["chain", "identity"]
    assert all(0 < value < 0.999 for value in between.values())
    assert feature_similarity(second, first, rows=64) == pytest.approx(between, abs=1e-4)


def test_runs_of_other_tasks_are_a_sentence(tmp_path: Path):
    """There are no observations that both could be shown."""
    first = saved(tmp_path / "first")
    other = saved(tmp_path / "other", "tasks.catch.env=trunkline/Catch-v0")
    with pytest.raises(ConfigError, match="cannot be compared: their tasks should be the same"):
        feature_similarity(first, other)


def test_random_play_is_the_same_for_the_same_seed():
    """Stacked frames too, as many as asked for, past the ends of episodes."""
    spec = tiny_parts("tasks.catch={env: trunkline/Catch-v0, frame_stack: 2}").specs[-1]
    first, again, other = (random_observations(spec, 500, seed) for seed in (1, 1, 2))
    assert first.shape == (500, *spec.observation_shape)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
