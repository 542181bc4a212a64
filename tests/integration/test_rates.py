"""The replay ratio of every task in a run whose tasks are not equally fast."""

from statistics import median

import pytest

from tests.support.own_environments import slowed
from tests.support.runs import train_over_ray
from training.cadence import Cadence
from training.status.records import TaskStatus

pytestmark = [pytest.mark.ray, pytest.mark.slow]

RATIO, MINIMUM, ERROR_BUFFER, SHARE = 8.0, 200, 600, 32
"""Samples per insert, transitions before sampling, tolerance in samples, a task's part of a batch."""
FAST_SECONDS = 0.0002


def ahead(task: TaskStatus) -> float:
    """Return by how many samples' worth a task's inserts are ahead of what was drawn."""
    return (task.replay.table.inserted - MINIMUM) * RATIO - task.replay.table.sampled


def test_a_slow_task_sets_the_pace_and_every_ratio_is_kept():
    """One environment is 20 times slower: updates follow its inserts, the other waits for its own limiter."""
    run = train_over_ray(
        *slowed("chain", 20 * FAST_SECONDS),
        *slowed("identity", FAST_SECONDS),
        "tasks.chain.solved_at=null",
        "tasks.identity.solved_at=null",
        "learner.prefetch_batches=2",
        f"replay.samples_per_insert={RATIO}",
        f"replay.min_size_to_sample={MINIMUM}",
        f"replay.error_buffer={ERROR_BUFFER}",
        "stop_env_steps=4000",
        "evaluation.period=100000",
        "evaluation.episodes=2",
        cadence=Cadence(report_seconds=0.2),
    )
    last = run.statuses[-1]
    for task in last.tasks:
        assert task.replay.samples_per_insert == pytest.approx(RATIO, rel=0.1)
    slow, fast = last.tasks
    permitted = (slow.replay.table.inserted - MINIMUM) * RATIO / SHARE
    assert permitted > 300
    assert last.learner_step >= 0.85 * permitted
    assert slow.replay.table.throttled == 0
    assert fast.replay.table.throttled > 0
    training = [status for status in run.statuses if status.learner_step > 50]
    assert median(ahead(status.tasks[1]) for status in training) > ERROR_BUFFER / 3
    assert median(ahead(status.tasks[0]) for status in training) < 0
    assert all(ahead(task) <= ERROR_BUFFER for status in training for task in status.tasks)
