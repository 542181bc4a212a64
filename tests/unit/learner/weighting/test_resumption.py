"""A weighting in a checkpoint: it goes on exactly as if it had never stopped."""

from pathlib import Path

import numpy as np
import pytest
import torch

from learner.checkpoint import Checkpoint, CheckpointError, load_newest_checkpoint, save_checkpoint
from learner.learner import Learner
from learner.learner_state import learner_tensors, restore_learner
from learner.weighting import loss_ratio, uncertainty
from learner.weighting.table import task_weighting
from tests.support.learning_builders import make_batches, make_learner, make_rule

NAMES = [
    *["equal", "fixed", "uncertainty", "dwa", "famo"],
    *["pcgrad", "cagrad", "aligned_mtl", "imtl_g", "upgrad"],
]


def learner_with(name: str, seed: int) -> Learner:
    return make_learner(make_rule(weighting=task_weighting(name, [1.0, 2.0], seed)), seed=seed)


def through_files(learner: Learner, root: Path) -> Checkpoint:
    checkpoint = Checkpoint(learner_tensors(learner), {"learner_step": learner.learner_step}, {})
    save_checkpoint(root, learner.learner_step, checkpoint, keep=1)
    return load_newest_checkpoint(root)[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_restored_weighting_continues_identically(name, tmp_path, monkeypatch: pytest.MonkeyPatch):
    """What it learned, its moments, its counts and its random numbers are all there, bit for bit."""
    monkeypatch.setattr(uncertainty, "WARM_UP_UPDATES", 2)
    monkeypatch.setattr(loss_ratio, "WINDOW_UPDATES", 2)
    learner, fresh, rng = learner_with(name, 1), learner_with(name, 9), np.random.default_rng(0)
    for _ in range(5):
        learner.step(make_batches(rng))
    restore_learner(fresh, through_files(learner, tmp_path))
    for _ in range(5):
        batches = make_batches(rng)
        losses = [one.step(batches).loss_T for one in (learner, fresh)]
        assert torch.equal(*losses)
        assert torch.equal(learner.weighting.weights_T, fresh.weighting.weights_T)
    for group, named in learner_tensors(learner).items():
        for key, value in learner_tensors(fresh)[group].items():
            assert torch.equal(value, named[key]), f"{group} {key}"


def test_a_checkpoint_of_another_weighting_is_a_sentence():
    """It names the setting and what differs."""
    learner = learner_with("famo", 1)
    checkpoint = Checkpoint(learner_tensors(learner), {"learner_step": 0}, {})
    with pytest.raises(CheckpointError, match=r"^checkpoint of another learner\.weighting: it holds \["):
        restore_learner(learner_with("dwa", 1), checkpoint)
