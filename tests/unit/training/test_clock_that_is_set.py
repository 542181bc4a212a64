"""When somebody sets the clock on the wall while a run lives, what is reckoned from it moves along."""

import time

import pytest

from tests.support.learning_builders import IN_EVERY_ROUND
from tests.unit.training.local_run import train_locally
from training.local.runtime import LocalRuntime
from training.loop import Training
from training.status.records import RunStatus


@pytest.mark.parametrize("jump_seconds", [600.0, -3600.0])
def test_ages_stay_what_they_are(monkeypatch: pytest.MonkeyPatch, jump_seconds: float):
    """Of the last update, of which an alert speaks, and of the last checkpoint: as old as they really are."""
    wall, jumped = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: wall() + jumped[0])
    ages: list[float] = []

    def look(_: Training, __: LocalRuntime, status: RunStatus) -> None:
        now = time.time()
        ages.append(now - status.saving.last_checkpoint.time)
        if status.learner.last_update_time is not None:
            ages.append(now - status.learner.last_update_time)
        if status.learner_step >= 20:
            jumped[0] = jump_seconds

    unsolvable = ("tasks.chain.solved_at=null", "tasks.identity.solved_at=null")
    train_locally(*unsolvable, "stop_env_steps=300", interfere=look, cadence=IN_EVERY_ROUND)
    assert jumped[0] == jump_seconds
    assert min(ages) >= -0.5  # the clock that jumps is not the one that measures
    assert max(ages) < 300.0
