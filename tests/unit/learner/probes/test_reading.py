"""Readings: what tasks that agree or contradict show, what is not defined, and that they change nothing."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

from learner.batch import TaskBatch
from learner.learner import Learner
from learner.learner_state import learner_tensors
from learner.probes.read import read_probes
from learner.probes.reading import ProbeReading, TaskReading
from network.build import Architecture, build_network
from network.choices import Sharing
from network.groups import task_views
from tests.support.builders import make_spec
from tests.support.learning_builders import make_batch, make_batches, make_learner, make_rule

TWINS = [make_spec("a"), make_spec("b")]


def twin_learner(sharing: Sharing = "hard") -> Learner:
    """Return a learner of two tasks of one kind with equal encoders and heads."""
    network = build_network(TWINS, Architecture((8, 8), sharing=sharing), seed=1)
    for module in (*network.encoders.values(), *network.heads.values()):
        for parameter in module.parameters():
            first, second = parameter.detach().chunk(2)
            second.copy_(first)
    return Learner(network, torch.optim.Adam(network.parameters()), make_rule())


def twin_batches(reward: float) -> list[TaskBatch]:
    """Return the same transitions twice: they end at once with that reward, in task b with its opposite."""
    ends = {"reward_n_B": torch.full((32,), reward), "discount_n_B": torch.zeros(32)}
    batch = make_batch(TWINS[0], 32, np.random.default_rng(0), **ends)
    return [batch, replace(batch, task="b", reward_n_B=-batch.reward_n_B)]


def everything(learner: Learner) -> list[torch.Tensor]:
    """Return all that a learner is, the generator's state included."""
    groups = learner_tensors(learner).values()
    gradients = [p.grad.clone() for p in learner.network.parameters() if p.grad is not None]
    return [torch.get_rng_state(), *gradients, *(tensor for group in groups for tensor in group.values())]


def test_equal_tasks_pull_the_same_way():
    """The same transitions and the same weights around the trunk: cosine one, equal lengths, equal shares."""
    reading = read_probes(twin_learner(), [twin_batches(0.0)[0], replace(twin_batches(0.0)[0], task="b")])
    np.testing.assert_allclose(reading.gradient_cosine, np.ones((2, 2)), atol=1e-6)
    np.testing.assert_allclose(reading.magnitude_similarity, np.ones((2, 2)), atol=1e-6)
    assert reading.gradient_share == pytest.approx([0.5, 0.5])
    assert reading.conflict_share == 0.0
    np.testing.assert_allclose(reading.feature_cka, np.ones((2, 2)), atol=1e-6)


def test_contradicting_tasks_pull_apart():
    """The same states, opposite rewards far from any value: cosine minus one, all pairs in conflict."""
    reading = read_probes(twin_learner(), twin_batches(100.0))
    assert reading.gradient_cosine[0][1] == pytest.approx(-1.0, abs=1e-6)
    assert reading.conflict_share == 1.0
    task = reading.of_task("b")
    assert (task.gradient_share, task.gradient_cosine) == pytest.approx((0.5, -1.0))
    assert task.conflict_share == 1.0


def test_separate_trunks_have_no_gradient_in_common():
    """Gradient probes are not numbers, and None for each task; the others are what they are."""
    reading = read_probes(twin_learner("separate"), twin_batches(1.0))
    for value in (reading.gradient_cosine, reading.magnitude_similarity, reading.gradient_share):
        assert np.isnan(np.asarray(value)).all()
    assert np.shape(reading.gradient_cosine) == np.shape(reading.magnitude_similarity) == (2, 2)
    assert math.isnan(reading.conflict_share)
    assert 0 < reading.feature_cka[0][1] < 0.99
    task = reading.of_task("a")
    assert (task.gradient_share, task.gradient_cosine, task.conflict_share) == (None, None, None)
    assert task.lesion_share is not None
    assert math.isfinite(reading.effective_rank + reading.dormant_share)


def test_a_task_reads_its_row_of_the_matrix():
    """Mean and conflicts over the other tasks that have a cosine, without itself."""
    cosines = [[1.0, -0.5, 0.25, math.nan], [-0.5, 1.0, -0.5, math.nan], [0.25, -0.5, 1.0, math.nan]]
    reading = reading_of([*cosines, [math.nan] * 4])
    assert reading.of_task("t0") == TaskReading(0.25, -0.125, 0.5, 0.5)
    assert reading.of_task("t1") == TaskReading(0.25, -0.5, 1.0, 0.5)
    assert reading.of_task("t3") == TaskReading(0.25, None, None, 0.5)


def reading_of(cosines: list[list[float]]) -> ProbeReading:
    """Return a reading of so many tasks with these cosines and plain numbers elsewhere."""
    count = len(cosines)
    ones = np.ones((count, count)).tolist()
    names = [f"t{index}" for index in range(count)]
    return ProbeReading(7, names, cosines, ones, [1 / count] * count, 0.5, ones, 0.0, 3.0, [0.5] * count)


@pytest.mark.parametrize("sizes", [(6, 4), (1, 9)])
def test_a_reading_leaves_the_learner_as_it_was(sizes: Sequence[int]):
    """Weights, target, optimizer, gradients and generator, bit for bit; and so is the update after it."""
    rng = np.random.default_rng(0)
    first, second = make_batches(rng, sizes), make_batches(rng, sizes)
    probed, plain = make_learner(), make_learner()
    for learner in (probed, plain):
        learner.step(first)
    before = everything(probed)
    read_probes(probed, second)
    assert all(torch.equal(was, now) for was, now in zip(before, everything(probed), strict=True))
    for learner in (probed, plain):
        learner.step(second)
    found, expected = (dict(task_views(learner.network.named_parameters())) for learner in (probed, plain))
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_a_learner_that_diverged_can_be_read():
    """The training loop is the one to say what happened."""
    learner = make_learner()
    for parameter in learner.network.trunk.parameters():
        parameter.detach().fill_(math.nan)
    reading = read_probes(learner, make_batches(np.random.default_rng(0)))
    assert math.isnan(reading.effective_rank)
    assert math.isnan(reading.dormant_share)
