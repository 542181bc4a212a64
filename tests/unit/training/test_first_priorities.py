"""An actor's first priorities are the TD errors that the learner would find, in its unit."""

import numpy as np
import pytest
import torch

from learner.batch import TaskBatch
from learner.learner import Learner
from learner.weights_publisher import WeightsPublisher
from replay.messages import Sampled
from tests.support.gathering import Gathering
from tests.support.learning_builders import tiny_parts

UPDATES = 40
SMALLEST = 1e-3
"""What a table adds to every priority."""
SETTINGS = (
    "replay.selector=proportional",
    "replay.priority_exponent=1",
    "replay.shards=1",
    "learner.target_period=1",
    "tasks.chain.reward_scale=500",
    "tasks.identity.reward_scale=20",
)


def as_batch(task: str, drawn: Sampled) -> TaskBatch:
    """Return a draw as an update takes it, with equal weights."""
    cut = drawn.columns
    assert set(cut["bootstrap_starts"]) == {1}
    return TaskBatch(
        task=task,
        obs_BO=torch.tensor(cut["windows"][:, 0]),
        action_B=torch.tensor(cut["actions"].astype(np.int64)),
        reward_n_B=torch.tensor(cut["rewards_n"]),
        discount_n_B=torch.tensor(cut["discounts_n"]),
        next_obs_BO=torch.tensor(cut["windows"][:, 1]),
        importance_B=torch.ones(len(drawn.keys)),
        keys=drawn.keys,
        staleness=0.0,
    )


def td_errors(learner: Learner, batches: list[TaskBatch]) -> list[np.ndarray]:
    """Return |TD error| of every transition, one array a task, without an update."""
    losses = learner.objective.losses(batches, learner.objective.targets(batches))
    sizes = [len(batch.keys) for batch in batches]
    rows = losses.error_N.detach().abs().split(sizes)
    return [error_B.numpy() for error_B in learner.network.groups.by_task(rows)]


@pytest.mark.parametrize(
    "scale",
    [
        ("none",),
        ("popart",),
        ("return_range",),
        ("return_range", "learner.loss=hl_gauss"),
    ],
    ids="-".join,
)
def test_a_first_priority_is_the_learners_td_error(scale: tuple[str, ...]):
    """After the scale has moved, by the same weights: rewards of any size, values in any unit."""
    name, *others = scale
    parts = tiny_parts(*SETTINGS, f"learner.value_scale={name}", *others)
    learner, tasks, gathering = parts.learner(), list(parts.config.tasks), Gathering(parts)
    publisher = WeightsPublisher(learner, gathering)
    publisher.publish()
    gathering.advance(blocks=4)
    for _ in range(UPDATES):
        learner.step([as_batch(task, gathering.sample(task, 64)) for task in tasks])
    publisher.publish()
    gathering.advance(blocks=40)
    drawn = [gathering.sample(task, 64) for task in tasks]
    errors = td_errors(learner, [as_batch(*pair) for pair in zip(tasks, drawn, strict=True)])
    for error_B, sampled in zip(errors, drawn, strict=True):
        priority_B = sampled.progress.mass * sampled.probabilities - SMALLEST
        newest_B = sampled.columns["weights_versions"] == publisher.version
        assert newest_B.sum() > 8
        np.testing.assert_allclose(priority_B[newest_B], error_B[newest_B], rtol=1e-3, atol=1e-3)
