"""Terminated and truncated episodes, from a table's rows to TD targets."""

import numpy as np
import pytest
import torch

from learner.td import td_targets
from replay.messages import Inserted, Sampled
from replay.n_step import ReturnSpec
from replay.row import TERMINATED, TRUNCATED
from replay.wire import encode_block
from tests.support.builders import FREELY, make_shard
from tests.support.streams import Episode, blocks_of

RETURNS = ReturnSpec(n_step=2, discount=0.5)
BOOTSTRAP = 100.0


def targets_of_an_episode_that_ends_with(flag: int) -> dict[int, float]:
    """Send one episode of three rewards through a real shard; return each start's TD target."""
    stream = [Episode(10, [1.0, 2.0, 4.0], [0, 1, 0], flag), Episode(20, [0.0] * 6, [0] * 6, TRUNCATED)]
    shard = make_shard(num_rows=64, frame_shape=(), returns=RETURNS)
    for block in blocks_of([stream], starts=4, overlap=2, rng=np.random.default_rng(0)):
        assert isinstance(shard.insert(encode_block(block)), Inserted)
    sampled = shard.sample("toy", 200, FREELY)
    assert isinstance(sampled, Sampled)
    targets = td_targets(
        torch.as_tensor(sampled.columns["rewards_n"]),
        torch.as_tensor(sampled.columns["discounts_n"]),
        torch.full((200,), BOOTSTRAP),
    )
    numbers = sampled.columns["windows"][:, 0].astype(int).tolist()
    return {number: target for number, target in zip(numbers, targets.tolist(), strict=True) if number < 20}


@pytest.mark.parametrize("flag", [TERMINATED, TERMINATED | TRUNCATED])
def test_nothing_is_bootstrapped_after_a_death(flag):
    """Targets near the end are the rewards alone, also if the time limit falls on the same step."""
    assert targets_of_an_episode_that_ends_with(flag) == {10: 2.0 + 25.0, 11: 4.0, 12: 4.0}


def test_a_time_limit_is_bootstrapped_through():
    """The sum of rewards stops there, and the value of the last observation is added, discounted by steps."""
    assert targets_of_an_episode_that_ends_with(TRUNCATED) == {10: 2.0 + 25.0, 11: 4.0 + 25.0, 12: 4.0 + 50.0}
