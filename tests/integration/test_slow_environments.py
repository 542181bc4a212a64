"""Environments whose steps take long, over real Ray: what they give arrives, and the run ends in time."""

import time

import pytest

from tests.support.own_environments import slowed
from tests.support.runs import train_over_ray

pytestmark = [pytest.mark.ray, pytest.mark.slow]


def test_blocks_that_would_take_minutes_to_fill_are_sent_before_and_waited_for_by_nobody():
    """A full block takes 200 s here; a run of some hundred steps is over long before, with exact accounts."""
    began = time.monotonic()
    run = train_over_ray(
        *slowed("chain", 0.05),
        *slowed("identity", 0.05),
        "actors.fragment_length=1000",
        "stop_env_steps=500",
        "replay.min_size_to_sample=50",
        "evaluation.period=100000",
        "evaluation.episodes=1",
    )
    assert run.outcome.reason == "budget"
    assert run.outcome.learner_step > 0
    assert len(run.runtime.actors.reports) == 2
    assert [account.lost for account in run.accounts.values()] == [0, 0]
    assert time.monotonic() - began < 150.0
