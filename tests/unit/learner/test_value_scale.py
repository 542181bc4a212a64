"""Value scales and categorical heads in the update: what stays, what follows, what comes back."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from learner.batch import TaskBatch
from learner.checkpoint import Checkpoint, CheckpointError, load_newest_checkpoint, save_checkpoint
from learner.learner import Learner
from learner.learner_state import learner_tensors, restore_learner
from learner.loss.hl_gauss import HLGauss
from learner.task_gradients import SharedCopies
from learner.value_scale.affine import AffineScale
from learner.value_scale.interface import NoScale, ValueScale
from learner.value_scale.pop_art import PopArt
from learner.value_scale.return_range import ReturnRange
from network.build import Architecture, build_network
from network.multi_task import MultiTaskNetwork
from network.output import Values
from network.support import Support
from tasks.spec import TaskSpec
from tests.support.builders import make_spec
from tests.support.learning_builders import make_batch, make_rule

SCALES = ["none", "return_range", "popart"]


def three_specs() -> list[TaskSpec]:
    """Return tasks of which the outer two go through as one, so that rows are in another order than tasks."""
    return [make_spec("a"), make_spec("b", (5,), num_actions=3), make_spec("c")]


def batches_of(rng: np.random.Generator, factors: Sequence[float] = (1.0, 20.0, 300.0)) -> list[TaskBatch]:
    """Return a batch of each task with rewards of different sizes."""
    batches = [make_batch(spec, size, rng) for spec, size in zip(three_specs(), (6, 4, 6), strict=True)]
    return [
        replace(batch, reward_n_B=factor * (batch.reward_n_B + 1.0))
        for batch, factor in zip(batches, factors, strict=True)
    ]


def scale_named(name: str, categorical: bool = False) -> ValueScale:
    if name == "none":
        return NoScale()
    return PopArt(3, rate=0.2) if name == "popart" else ReturnRange(3, 9.0, preserve=not categorical)


def learner_with(scale: str, seed: int = 1, dueling: bool = False, categorical: bool = False) -> Learner:
    output = partial(Support, 21) if categorical else Values
    network = build_network(three_specs(), Architecture((8, 8), dueling=dueling, output=output), seed)
    rule = make_rule(weights=(1.0, 1.0, 1.0), value_scale=scale_named(scale, categorical))
    if isinstance(network.output, Support):
        rule = replace(rule, loss=HLGauss(network.output))
    return Learner(network, torch.optim.Adam(network.parameters(), lr=1e-2), rule)


def said(learner: Learner, network: MultiTaskNetwork, observations: Sequence[Tensor]) -> list[Tensor]:
    """Return the returns that a network's values stand for, each task's from the task's own line."""
    scale = learner.value_scale
    assert isinstance(scale, AffineScale)
    ranks = network.groups.ranks
    return [
        scale.scale_T[rank] * q_BA.detach().double() + scale.shift_T[rank]
        for rank, q_BA in zip(ranks, network(observations), strict=True)
    ]


@pytest.mark.parametrize("dueling", [False, True])
@pytest.mark.parametrize("name", ["return_range", "popart"])
def test_both_networks_say_the_same_returns_when_the_unit_changes(name: str, dueling: bool):
    """van Hasselt et al. 2016, proposition 1; for single tasks' modules too."""
    learner, rng = learner_with(name, dueling=dueling), np.random.default_rng(0)
    for _ in range(3):
        learner.step(batches_of(rng))
    observations = [batch.obs_BO for batch in batches_of(rng)]
    own = learner.network.for_task("c")
    before = [said(learner, network, observations) for network in (learner.network, learner.target)]
    scale = learner.value_scale
    assert isinstance(scale, AffineScale)
    old = scale.scale_T.clone()
    learner.objective.update_targets(batches_of(rng, factors=(30.0, 600.0, 9000.0)))
    assert ((scale.scale_T / old - 1).abs() > 0.05).all()
    for network, returns in zip((learner.network, learner.target), before, strict=True):
        for found, expected in zip(said(learner, network, observations), returns, strict=True):
            torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3 * float(expected.abs().max()))
    torch.testing.assert_close(own(observations[2]), learner.network(observations)[2])


@pytest.mark.parametrize("name", SCALES)
def test_targets_are_the_returns_in_the_networks_unit(name: str):
    """Task by task: r + discount times what the target network says in returns, brought back."""
    learner, rng = learner_with(name), np.random.default_rng(1)
    learner.step(batches_of(rng))
    batches = batches_of(rng)
    targets_N = learner.objective.update_targets(batches)
    order, sizes = (
        learner.network.groups.order,
        [len(batches[i].action_B) for i in learner.network.groups.order],
    )
    for rank, (task, found_B) in enumerate(zip(order, targets_N.split(sizes), strict=True)):
        batch, scale = batches[task], learner.value_scale
        assert isinstance(scale, AffineScale) == (name != "none")
        slope, shift = (
            (float(scale.scale_T[rank]), float(scale.shift_T[rank]))
            if isinstance(scale, AffineScale)
            else (1.0, 0.0)
        )
        next_obs = [each.next_obs_BO for each in batches]
        best = learner.network(next_obs)[task].argmax(1)
        after = slope * learner.target(next_obs)[task][torch.arange(len(best)), best] + shift
        expected = (batch.reward_n_B + batch.discount_n_B * after - shift) / slope
        torch.testing.assert_close(found_B, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", SCALES)
def test_looking_at_targets_changes_nothing(name: str):
    """`targets` may be asked for by whoever wants to look, and says what the last update would."""
    learner, rng = learner_with(name), np.random.default_rng(2)
    learner.step(batches_of(rng))
    batches = batches_of(rng)
    before = learner_tensors(learner)
    first = learner.objective.targets(batches)
    assert torch.equal(first, learner.objective.targets(batches))
    for group, named in learner_tensors(learner).items():
        assert all(torch.equal(value, before[group][key]) for key, value in named.items())


@pytest.mark.parametrize("categorical", [False, True])
@pytest.mark.parametrize("name", ["return_range", "popart"])
def test_a_restored_learner_continues_identically(tmp_path: Path, name: str, categorical: bool):
    """Through files, bit for bit, statistics and all."""
    learner, rng = learner_with(name, categorical=categorical), np.random.default_rng(3)
    for _ in range(3):
        learner.step(batches_of(rng))
    save_checkpoint(tmp_path, 3, Checkpoint(learner_tensors(learner), {"learner_step": 3}, {}), keep=1)
    fresh = learner_with(name, seed=9, categorical=categorical)
    restore_learner(fresh, load_newest_checkpoint(tmp_path)[0])
    for _ in range(3):
        batches = batches_of(rng)
        learner.step(batches)
        fresh.step(batches)
    expected = learner_tensors(learner)
    for group, named in learner_tensors(fresh).items():
        assert all(torch.equal(value, expected[group][key]) for key, value in named.items()), group


def test_another_value_scale_is_a_sentence():
    """A checkpoint of PopArt does not pass for one of the return range."""
    state = Checkpoint(learner_tensors(learner_with("popart")), {"learner_step": 0}, {})
    with pytest.raises(CheckpointError, match=r"^checkpoint of another learner\.value_scale: it holds "):
        restore_learner(learner_with("return_range"), state)


def test_popart_goes_on_from_a_checkpoint_of_an_earlier_version():
    """It held the mean square of the targets, in float32; the map is the same, the variance is the map's."""
    tensors = learner_tensors(learner_with("popart"))
    earlier = {
        "scale_T": torch.tensor([2.0, 5.0, 30.0]),
        "shift_T": torch.tensor([-100.0, 0.5, 1e6]),
        "square_T": torch.tensor([10_004.0, 25.25, 1e12]),
    }
    learner = learner_with("popart", seed=9)
    restore_learner(learner, Checkpoint({**tensors, "value_scale": earlier}, {"learner_step": 7}, {}))
    scale = learner.value_scale
    assert isinstance(scale, PopArt)
    assert scale.scale_T.tolist() == [2.0, 5.0, 30.0]
    assert scale.shift_T.tolist() == [-100.0, 0.5, 1e6]
    assert scale.variance_T.tolist() == [4.0, 25.0, 900.0]
    learner.step(batches_of(np.random.default_rng(0)))


@pytest.mark.parametrize("level", [-1e4, 1e6])
def test_popart_keeps_what_networks_say_of_returns_with_a_large_mean(level: float):
    """Outputs stand for the same returns, to a hundredth of the deviation, over a hundred changes of unit."""
    learner, rng = learner_with("popart"), np.random.default_rng(0)
    scale, observations = learner.value_scale, [batch.obs_BO for batch in batches_of(rng)]
    assert isinstance(scale, PopArt)
    scale.shift_T.fill_(level)
    before = said(learner, learner.network, observations)
    for _ in range(100):
        batches = [
            replace(batch, reward_n_B=level + batch.reward_n_B, discount_n_B=torch.zeros(len(batch.action_B)))
            for batch in batches_of(rng)
        ]
        learner.objective.update_targets(batches)
    assert not torch.equal(scale.shift_T, torch.full((3,), level, dtype=torch.float64))
    for found, expected in zip(said(learner, learner.network, observations), before, strict=True):
        assert float((found - expected).abs().max()) < 0.01


def share_of_the_smallest(scale: str, categorical: bool = False) -> float:
    """Return the share of the gradients' lengths in the trunk of a task with 1000 times smaller rewards."""
    learner, rng = learner_with(scale, categorical=categorical), np.random.default_rng(4)
    batches = batches_of(rng, factors=(0.01, 0.3, 10.0))
    length_T = torch.zeros(3)
    for update in range(40):
        copies = SharedCopies(learner.network)
        losses = learner.objective.losses(batches, learner.objective.targets(batches), copies)
        losses.loss_T.sum().backward()
        if update >= 10:
            length_T += copies.gradients().norm(dim=1)
        learner.step(batches)
    return float(length_T[0] / length_T.sum())


def test_without_a_scale_small_rewards_have_no_say_in_the_trunk():
    """What the scales are for."""
    assert share_of_the_smallest("none") < 0.1


@pytest.mark.parametrize(
    ("name", "categorical"), [("return_range", False), ("popart", False), ("return_range", True)]
)
def test_with_a_scale_small_rewards_have_their_say(name: str, categorical: bool):
    """Rewards that differ 1000 times, gradients that do not."""
    assert share_of_the_smallest(name, categorical) > 0.25


@pytest.mark.parametrize("categorical", [False, True])
@pytest.mark.parametrize("factor", [0.01, 1000.0])
def test_with_the_return_range_the_unit_of_rewards_does_not_matter(factor: float, categorical: bool):
    """All rewards times a number: the same losses, the same errors, the same network."""
    learner = learner_with("return_range", categorical=categorical)
    other = learner_with("return_range", categorical=categorical)
    for seed in range(5):
        one = learner.step(batches_of(np.random.default_rng(seed)))
        factors = (factor, 20.0 * factor, 300.0 * factor)
        two = other.step(batches_of(np.random.default_rng(seed), factors))
        torch.testing.assert_close(two.loss_T, one.loss_T, rtol=1e-3, atol=1e-5)
        for found, expected in zip(two.abs_td_errors, one.abs_td_errors, strict=True):
            torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


def test_a_categorical_learner_learns_its_targets():
    """Rewards without anything after them: the expectation comes to the target, and errors to zero."""
    learner, rng = learner_with("return_range", categorical=True), np.random.default_rng(5)
    batches = [replace(batch, discount_n_B=torch.zeros_like(batch.discount_n_B)) for batch in batches_of(rng)]
    results = [learner.step(batches) for _ in range(150)]
    for first, last in zip(results[0].abs_td_errors, results[-1].abs_td_errors, strict=True):
        assert float(last.mean()) < 0.1 * float(first.mean())
