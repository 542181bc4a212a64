"""A loss that bootstraps from samples of the return, with heads that say several numbers of an action."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor

from learner.batch import TaskBatch
from learner.learner import Learner
from learner.target_network import copy_parameters
from learner.value_scale.affine import AffineScale
from learner.value_scale.interface import NoScale, ValueScale
from learner.value_scale.pop_art import PopArt
from learner.value_scale.return_range import ReturnRange
from network.build import Architecture, build_network
from network.multi_task import MultiTaskNetwork
from network.output import Output
from tests.support.builders import make_spec
from tests.support.learning_builders import make_batch, make_rule

SPECS = [make_spec("a"), make_spec("b", (5,), num_actions=3), make_spec("c")]
"""The outer two go through as one: the order of rows is not that of the tasks."""
QUANTILES = 3


class Quantiles(Output):
    """Heads say returns that are equally likely."""

    def __init__(self) -> None:
        super().__init__((QUANTILES,))

    def forward(self, outputs: Tensor) -> Tensor:
        return outputs.mean(-1)

    def _joined(self, said_ND: Tensor) -> Tensor:
        return said_ND.mean(1)


class QuantileLoss:
    """Dabney et al. 2018, "Distributional Reinforcement Learning with Quantile Regression", eq. 8."""

    reach = 10.0

    def bootstrap(self, said_N: Tensor) -> Tensor:
        return said_N

    def __call__(self, taken_N: Tensor, targets_N: Tensor) -> tuple[Tensor, Tensor]:
        error_NKS = targets_N.unsqueeze(1) - taken_N.unsqueeze(2)
        levels_K1 = ((torch.arange(QUANTILES) + 0.5) / QUANTILES).unsqueeze(1)
        loss_NKS = (levels_K1 - (error_NKS.detach() < 0).float()).abs() * error_NKS.abs()
        return loss_NKS.mean(2).sum(1), (targets_N.mean(1) - taken_N.mean(1)).detach()


def learner_with(scale: ValueScale, double: bool = True) -> Learner:
    architecture = Architecture((8, 8), dueling=True, output=Quantiles)
    network = build_network(SPECS, architecture, seed=1)
    rule = make_rule([1.0] * 3, loss=QuantileLoss(), double=double, value_scale=scale)
    learner = Learner(network, torch.optim.Adam(network.parameters(), lr=1e-2), rule)
    copy_parameters(learner.target, build_network(SPECS, architecture, seed=2))
    return learner


def batches_of(seed: int, factor: float = 1.0) -> list[TaskBatch]:
    rng = np.random.default_rng(seed)
    batches = [make_batch(spec, size, rng) for spec, size in zip(SPECS, (4, 3, 2), strict=True)]
    for batch in batches:
        batch.reward_n_B.mul_(factor)
    return batches


def said(network: MultiTaskNetwork, task: int, obs_BO: Tensor) -> list[list[list[float]]]:
    """Return what a network says, one row at a time, of each action of one task."""
    alone = network.for_task(SPECS[task].name).requires_grad_(False)
    parts = dict(alone.named_children())
    trunk, (encoder,), (head,) = parts["trunk"], parts["encoders"].children(), parts["heads"].children()
    return [head(trunk(encoder([row_1O]), [1]), [1])[0].tolist() for row_1O in obs_BO.split(1)]


def targets_of(learner: Learner, batch: TaskBatch, task: int, double: bool) -> list[list[float]]:
    """Return the samples of each row's target, with the value scale's map of the task by its numbers."""
    scale, rank = learner.value_scale, learner.network.groups.ranks[task]
    slope, shift = (
        (float(scale.scale_T[rank]), float(scale.shift_T[rank]))
        if isinstance(scale, AffineScale)
        else (1.0, 0.0)
    )
    after = said(learner.target, task, batch.next_obs_BO)
    choosing = said(learner.network if double else learner.target, task, batch.next_obs_BO)
    targets = []
    for row, actions in enumerate(choosing):
        best = max(range(len(actions)), key=lambda action: sum(actions[action]))
        reward, discount = float(batch.reward_n_B[row]), float(batch.discount_n_B[row])
        targets.append([(reward + discount * (slope * v + shift) - shift) / slope for v in after[row][best]])
    return targets


def judged(quantiles: Sequence[float], targets: Sequence[float]) -> tuple[float, float]:
    """Return the loss of a row and its |TD error|."""
    loss = 0.0
    for k, quantile in enumerate(quantiles):
        for target in targets:
            too_high = target < quantile
            loss += abs((k + 0.5) / QUANTILES - too_high) * abs(target - quantile) / len(targets)
    return loss, abs(sum(targets) / len(targets) - sum(quantiles) / len(quantiles))


@pytest.mark.parametrize("double", [True, False])
def test_losses_and_errors_are_those_of_a_loop(double: bool):
    """Each number that was said meets each sample of its own row's target."""
    learner, batches = learner_with(NoScale(), double), batches_of(3)
    expected = []
    for task, batch in enumerate(batches):
        rows = zip(said(learner.network, task, batch.obs_BO), batch.action_B.tolist(), strict=True)
        targets = targets_of(learner, batch, task, double)
        pairs = zip(rows, targets, strict=True)
        expected.append([judged(actions[taken], samples) for (actions, taken), samples in pairs])
    result = learner.step(batches)
    for task, judgements in enumerate(expected):
        losses_B, errors_B = zip(*judgements, strict=True)
        loss = float(batches[task].importance_B.dot(torch.tensor(losses_B))) / len(judgements)
        assert float(result.loss_T[task]) == pytest.approx(loss, rel=1e-4)
        assert result.abs_td_errors[task].tolist() == pytest.approx(errors_B, rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("make", [partial(ReturnRange, 3, 10.0, preserve=True), partial(PopArt, 3, 0.2)])
def test_value_scales_map_each_sample(make: partial[ValueScale]):
    """By its own task's numbers; the network's outputs follow a change of unit, all of them."""
    learner = learner_with(make())
    for seed in range(5):
        learner.step(batches_of(seed, factor=30.0))
    batches = batches_of(6, factor=3000.0)
    targets_NS = learner.objective.update_targets(batches)
    sizes = [len(batch.action_B) for batch in learner.network.groups.arranged(batches)]
    found = learner.network.groups.by_task(targets_NS.split(sizes))
    for task, batch in enumerate(batches):
        expected = torch.tensor(targets_of(learner, batch, task, double=True))
        torch.testing.assert_close(found[task], expected, rtol=1e-3, atol=1e-3)


def test_targets_are_learned():
    """What comes to an end at once is worth its reward, all of it: errors go to zero."""
    learner = learner_with(NoScale())
    batches = batches_of(5)
    for batch in batches:
        batch.discount_n_B.zero_()
    results = [learner.step(batches) for _ in range(200)]
    for first, last in zip(results[0].abs_td_errors, results[-1].abs_td_errors, strict=True):
        assert float(last.mean()) < 0.1 * float(first.mean())
