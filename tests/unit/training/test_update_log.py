"""What the updates of a learner show."""

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from learner.divergence import DivergedError
from learner.learner import StepResult
from tests.support.learning_builders import make_batches, tiny_parts
from tests.unit.training.test_clocks import HandClock
from training.local.shards import LocalShards
from training.status.phases import PhaseTimes
from training.update_log import UpdateLog

CHAIN, IDENTITY = "chain", "identity"


class Logged:
    """A log of updates that are told to it."""

    def __init__(self) -> None:
        parts = tiny_parts("learner.publish_period=2")
        self.clock = HandClock()
        self.learner = parts.learner()
        source = parts.replay.batch_source(parts.replay.router(LocalShards(parts).clients), parts.device())
        phases = PhaseTimes(self.clock, ("update",))
        self.log = UpdateLog(parts.config, self.learner, source, phases, self.clock)
        self._batches = make_batches(np.random.default_rng(0))

    def update(self, *loss: float, staleness: float = 0.0, **changes: Any) -> None:
        """Take in an update of the two tasks."""
        self.learner.learner_step += 1
        batches = [
            replace(batch, task=task, staleness=staleness)
            for task, batch in zip((CHAIN, IDENTITY), self._batches, strict=True)
        ]
        self.log.add(batches, replace(StepResult(torch.tensor(loss), [], torch.tensor(1.0)), **changes))


def test_before_the_first_update_nothing_is_known_but_the_weights_of_tasks():
    """None, and no zero that means nothing."""
    log = Logged().log
    assert log.is_empty
    assert (log.learner().last_update_time, log.learner().gradient_norm) == (None, None)
    task = log.tasks()[CHAIN]
    assert (task.loss, task.weight, task.staleness) == (None, 1.0, None)


def test_losses_are_means_since_somebody_asked():
    """Then they begin anew."""
    logged = Logged()
    logged.update(1.0, 3.0)
    logged.update(2.0, 5.0)
    tasks = logged.log.tasks()
    assert (tasks[CHAIN].loss, tasks[IDENTITY].loss) == (1.5, 4.0)
    logged.update(8.0, 9.0)
    assert logged.log.tasks()[CHAIN].loss == 8.0
    assert logged.log.tasks()[CHAIN].loss is None


def test_the_norm_of_the_gradient_is_that_of_the_last_update():
    """Before it was bounded, as the update found it."""
    logged = Logged()
    for norm in (2.5, 0.75):
        logged.update(0.0, 0.0, gradient_norm=torch.tensor(norm))
    assert logged.log.learner().gradient_norm == 0.75


def test_staleness_is_that_of_the_last_update_with_a_publication():
    """Every second one here."""
    logged = Logged()
    logged.update(0.0, 0.0, staleness=4.0)
    assert logged.log.tasks()[CHAIN].staleness is None
    logged.update(0.0, 0.0, staleness=5.0)
    logged.update(0.0, 0.0, staleness=6.0)
    assert logged.log.tasks()[CHAIN].staleness == 5.0


def test_a_loss_that_is_not_finite_is_refused_by_the_name_of_its_task():
    """Also when it became finite again."""
    logged = Logged()
    logged.update(0.0, 1.0)
    logged.log.refuse_divergence()
    logged.update(0.0, float("nan"))
    logged.update(0.0, 1.0)
    with pytest.raises(DivergedError, match="loss of task 'identity'"):
        logged.log.refuse_divergence()


def test_a_learner_waits_when_there_was_no_update_for_more_than_a_second():
    """For the tasks that have no batch; a shorter wait is none to speak of."""
    logged = Logged()
    logged.clock.now += 1.5
    assert logged.log.learner().waiting_for == [CHAIN, IDENTITY]
    logged.update(0.0, 0.0)
    logged.clock.now += 1.0
    assert logged.log.learner().waiting_for == []
    logged.clock.now += 0.5
    assert logged.log.learner().waiting_for == [CHAIN, IDENTITY]


def test_the_time_of_the_last_update_is_reckoned_back_from_now():
    """On the wall's clock."""
    logged = Logged()
    logged.update(0.0, 0.0)
    logged.clock.now += 100.0
    said = logged.log.learner().last_update_time
    assert said is not None
    assert time.time() - said == pytest.approx(100.0, abs=10.0)
