"""Shards over real Ray that are killed, or hang, in mid-run: the learner goes on, and so does the run."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator

import pytest

from deploy.status import RunStatus
from tests.support.own_environments import slowed
from tests.support.processes import pid_of
from tests.support.runs import FinishedRun, train_over_ray

pytestmark = [pytest.mark.ray, pytest.mark.slow]

UNBOUNDED = (
    "tasks.chain.solved_at=null",
    "tasks.identity.solved_at=null",
    "evaluation.period=100000",
    "learner.stall_seconds=30",
)
STEADY = (*slowed("chain", 0.002), *slowed("identity", 0.002), *UNBOUNDED)
"""Two actors a task bring less than 2000 env steps a second, on any machine."""
TWO_SHARDS = ("replay.shards=2", "tasks.chain.actors=2", "tasks.identity.actors=2")
PROMISED_SECONDS = 5.0


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Report often enough to see pauses; call a run stalled within the test's time."""
    monkeypatch.setattr("deploy.training.REPORT_SECONDS", 0.2)


class Fault:
    """Strikes a shard's process once, when the learner is well under way."""

    def __init__(self, number: signal.Signals) -> None:
        self.pid: int | None = None
        self._number = number

    def __call__(self, status: RunStatus) -> None:
        if self.pid is None and status.learner_step > 100:
            self.pid = pid_of("ray::ShardHost")
            os.kill(self.pid, self._number)


def check_recovery(run: FinishedRun) -> None:
    """Hold a run whose shard was struck against what it promises."""
    last = run.statuses[-1]
    assert sorted(shard.restarts for shard in last.shards) == [*[0] * (len(last.shards) - 1), 1]
    assert all(shard.up for shard in last.shards)
    assert any(not shard.up for status in run.statuses for shard in status.shards)
    for task in last.tasks:
        assert task.lost > 0
        assert run.outcome.accounts[task.name].lost == task.lost
        assert task.table.items > 0
    refreshed = [status for status in run.statuses if all(shard.up for shard in status.shards)]
    assert refreshed[-1].learner_step > next(s.learner_step for s in run.statuses if s.tasks[0].lost)


def test_a_killed_shard_is_replaced_while_the_learner_goes_on():
    """kill -9 of one of two: updates pause for 5 s at most, and the run reaches its budget with both."""
    run = train_over_ray(*STEADY, *TWO_SHARDS, "stop_env_steps=14000", interfere=Fault(signal.SIGKILL))
    check_recovery(run)
    assert run.outcome.reason == "budget"
    assert run.longest_pause() < PROMISED_SECONDS


@contextlib.contextmanager
def continued_after(seconds: float, fault: Fault) -> Iterator[None]:
    """Let a stopped process go on after a while, or at the end."""

    def go_on() -> None:
        if fault.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(fault.pid, signal.SIGCONT)

    stop = threading.Event()

    def wait() -> None:
        while fault.pid is None and not stop.wait(0.05):
            pass
        stop.wait(seconds)
        go_on()

    waiting = threading.Thread(target=wait)
    waiting.start()
    try:
        yield
    finally:
        stop.set()
        waiting.join()


def recovered(status: RunStatus) -> bool:
    """Return whether a shard was replaced, and its successor is up."""
    shards = status.shards
    return any(shard.restarts for shard in shards) and all(shard.up for shard in shards)


def test_a_shard_that_hangs_does_not_hang_the_learner():
    """Stopped for 7 s, neither dead nor answering: within 5 s the learner goes on with the other one."""
    fault = Fault(signal.SIGSTOP)
    with continued_after(7.0, fault):
        run = train_over_ray(*STEADY, *TWO_SHARDS, "stop_env_steps=40000", interfere=fault, until=recovered)
    check_recovery(run)
    assert run.longest_pause() < PROMISED_SECONDS


def test_the_only_shard_may_be_killed():
    """The run waits for its successor and goes on, also where the learner is what the actors wait for."""
    run = train_over_ray(
        *UNBOUNDED,
        "replay.samples_per_insert=64",
        "stop_env_steps=5000",
        interfere=Fault(signal.SIGKILL),
    )
    check_recovery(run)
    assert run.outcome.reason == "budget"
