"""A learner to a checkpoint and back: it goes on exactly as if it had never stopped."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from learner.batch import TaskBatch
from learner.checkpoint import Checkpoint, CheckpointError, load_newest_checkpoint, save_checkpoint
from learner.learner import Learner
from learner.learner_state import learner_tensors, restore_learner, restore_weights
from learner.target_network import PolyakAverage
from tests.support.builders import make_spec
from tests.support.learning_builders import (
    make_batch,
    make_batches,
    make_learner,
    make_network,
    make_rule,
    tiny_parts,
)


def checkpoint_of(learner: Learner) -> Checkpoint:
    return Checkpoint(learner_tensors(learner), {"learner_step": learner.learner_step}, {})


def through_files(learner: Learner, root: Path) -> Checkpoint:
    save_checkpoint(root, learner.learner_step, checkpoint_of(learner), keep=1)
    return load_newest_checkpoint(root)[0]


def assert_same_state(first: Learner, second: Learner) -> None:
    assert first.learner_step == second.learner_step
    one, other = learner_tensors(first), learner_tensors(second)
    assert {g: set(named) for g, named in one.items()} == {g: set(named) for g, named in other.items()}
    for group, named in one.items():
        for name, value in named.items():
            assert torch.equal(value, other[group][name]), f"{group} {name}"


@pytest.mark.parametrize("updates", [0, 1, 5])
@pytest.mark.parametrize("polyak", [True, False])
def test_a_restored_learner_continues_identically(tmp_path: Path, updates: int, polyak: bool):
    """After N updates, files and a fresh learner, both make the same further updates bit for bit."""
    rule = make_rule(target_update=PolyakAverage(0.1)) if polyak else make_rule()
    learner = make_learner(rule)
    rng = np.random.default_rng(0)
    for _ in range(updates):
        learner.step(make_batches(rng))
    fresh = make_learner(rule, seed=99)
    restore_learner(fresh, through_files(learner, tmp_path))
    assert_same_state(learner, fresh)
    for _ in range(3):
        batches = make_batches(rng)
        learner.step(batches)
        fresh.step(batches)
        assert_same_state(learner, fresh)


def test_the_runs_own_learner_with_fused_adam_comes_back_too(tmp_path: Path):
    """The optimizer that a run is built with keeps its moments and its step count."""
    parts = tiny_parts()
    learner, fresh = parts.learner(), tiny_parts("seed=77").learner()

    def step(one: Learner, seed: int) -> None:
        one.step([make_batch(spec, 5, np.random.default_rng(seed)) for spec in parts.specs])

    for seed in range(3):
        step(learner, seed)
    restore_learner(fresh, through_files(learner, tmp_path))
    step(learner, 5)
    step(fresh, 5)
    assert_same_state(learner, fresh)


def test_the_tensors_are_copies():
    """A checkpoint that is being written does not change with the learner."""
    learner = make_learner()
    rng = np.random.default_rng(0)
    learner.step(make_batches(rng))
    taken = learner_tensors(learner)
    before = {(group, name): value.clone() for group, named in taken.items() for name, value in named.items()}
    learner.step(make_batches(rng))
    assert all(
        torch.equal(before[group, name], v) for group, named in taken.items() for name, v in named.items()
    )


def test_the_learning_rate_is_the_configurations_not_the_checkpoints():
    """A resumed run may learn at another rate: only the moments come from the checkpoint."""
    learner = make_learner()
    learner.step(make_batches(np.random.default_rng(0)))
    other = make_learner(learning_rate=5e-4)
    restore_learner(other, checkpoint_of(learner))
    assert other.optimizer.param_groups[0]["lr"] == 5e-4


def test_another_width_is_a_sentence_that_names_the_parameter():
    """Shape in the checkpoint and shape wanted are both in it."""
    weights = learner_tensors(make_learner())["weights"]
    with pytest.raises(CheckpointError) as caught:
        restore_weights(make_network(width=9), weights)
    assert str(caught.value) == (
        "checkpoint of another network: parameter encoders.task:a.linear.weight has shape [8, 3], "
        "the configured network's has [9, 3]"
    )


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("a",), "parameter encoders.task:b.linear.bias is only in the checkpoint"),
        (("a", "b", "c"), "parameter encoders.task:c.linear.bias is only in the configured network"),
        (("a", "x"), "parameter encoders.task:b.linear.bias is only in the checkpoint"),
    ],
)
def test_other_tasks_are_a_sentence_that_names_the_parameter(names: tuple[str, ...], expected: str):
    """A task too many, too few or renamed is told apart."""
    weights = learner_tensors(make_learner())["weights"]
    network = make_network([make_spec(name) for name in names])
    with pytest.raises(CheckpointError, match=expected):
        restore_weights(network, weights)


def test_another_number_of_actions_is_named():
    """The head's shape tells."""
    specs = [make_spec("a"), make_spec("b", (5,), num_actions=4)]
    network = make_network(specs)
    with pytest.raises(CheckpointError, match=r"heads\.task:b\.values\.weight has shape \[3, 8\]"):
        restore_weights(network, learner_tensors(make_learner())["weights"])


def learner_of(names: tuple[str, ...]) -> Learner:
    """Return a learner of tasks of one kind."""
    network = make_network([make_spec(name) for name in names])
    rule = make_rule(weights=[1.0] * len(names))
    return Learner(network, torch.optim.Adam(network.parameters(), lr=1e-2), rule)


def test_weights_are_kept_task_by_task_whatever_goes_through_as_one(tmp_path: Path):
    """Names and shapes are those of tasks with layers of their own; values come back to the same tasks."""
    learner = learner_of(("a", "b", "c"))
    saved = through_files(learner, tmp_path).tensors["weights"]
    assert saved["encoders.task:b.linear.weight"].shape == (8, 3)
    assert saved["heads.task:c.values.bias"].shape == (2,)
    fresh = learner_of(("b", "c", "a"))
    restore_weights(fresh.network, saved)
    obs = torch.ones(2, 3)
    for name in ("a", "b", "c"):
        assert torch.equal(fresh.network.for_task(name)(obs), learner.network.for_task(name)(obs))


def test_tasks_that_go_through_as_one_come_back_with_their_moments(tmp_path: Path):
    """A restored learner of a group makes the same further updates bit for bit."""
    learner, fresh, rng = learner_of(("a", "b", "c")), learner_of(("a", "b", "c")), np.random.default_rng(0)

    def batches() -> list[TaskBatch]:
        return [make_batch(make_spec(name), 4, rng) for name in ("a", "b", "c")]

    for _ in range(3):
        learner.step(batches())
    restore_learner(fresh, through_files(learner, tmp_path))
    following = batches()
    learner.step(following)
    fresh.step(following)
    assert_same_state(learner, fresh)


@pytest.mark.parametrize(("key", "shape"), [("0.exp_avg", [9, 3]), ("99.exp_avg", [1])])
def test_moments_of_another_network_are_a_sentence(key: str, shape: list[int]):
    """Optimizer state that fits no parameter is named, whatever the weights are."""
    learner = make_learner()
    checkpoint = checkpoint_of(learner)
    odd = replace(checkpoint, tensors={**checkpoint.tensors, "optimizer": {key: torch.zeros(shape)}})
    with pytest.raises(CheckpointError) as caught:
        restore_learner(learner, odd)
    assert str(caught.value) == (
        f"checkpoint of another network: optimizer state {key} of shape {shape} "
        "fits no parameter of the configured network"
    )
