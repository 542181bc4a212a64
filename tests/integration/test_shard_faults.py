"""Shards over real Ray that are killed, or hang, in mid-run: the learner goes on, and so does the run."""

import contextlib
import os
import signal
import time
from typing import Self

import pytest

from tests.support.own_environments import slowed
from tests.support.processes import pid_of
from tests.support.runs import FinishedRun, train_over_ray
from training.cadence import Cadence
from training.status.records import RunStatus

pytestmark = [pytest.mark.ray, pytest.mark.slow]

UNBOUNDED = (
    "tasks.chain.solved_at=null",
    "tasks.identity.solved_at=null",
    "evaluation.period=100000",
    "learner.stall_seconds=90",
)
STEADY = (*slowed("chain", 0.002), *slowed("identity", 0.002), *UNBOUNDED)
"""Two actors a task bring less than 2000 env steps a second, on any machine."""
TWO_SHARDS = ("replay.shards=2", "tasks.chain.actors=2", "tasks.identity.actors=2")
PROMISED_SECONDS = 5.0


OFTEN = Cadence(report_seconds=0.2)
"""Often enough to see pauses."""


class Fault:
    """Strikes a shard's process once, when the learner is well under way.

    As a context it leaves no process stopped, whatever the run came to.
    """

    def __init__(self, number: signal.Signals) -> None:
        self.pid: int | None = None
        self._number = number

    def __call__(self, status: RunStatus) -> None:
        if self.pid is None and status.learner_step > 100:
            self.pid = pid_of("ray::ShardHost")
            os.kill(self.pid, self._number)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.go_on()

    def go_on(self) -> None:
        """Let a process that was stopped go on, if it is still there."""
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGCONT)


def check_recovery(run: FinishedRun) -> None:
    """Hold a run whose shard was struck against what it promises."""
    last = run.statuses[-1]
    assert sorted(shard.restarts for shard in last.shards) == [*[0] * (len(last.shards) - 1), 1]
    assert all(shard.up for shard in last.shards)
    assert any(not shard.up for status in run.statuses for shard in status.shards)
    for task in last.tasks:
        assert task.replay.lost > 0
        assert run.accounts[task.name].lost == task.replay.lost
        assert task.replay.table.items > 0
    refreshed = [status for status in run.statuses if all(shard.up for shard in status.shards)]
    assert refreshed[-1].learner_step > next(s.learner_step for s in run.statuses if s.tasks[0].replay.lost)


def test_a_killed_shard_is_replaced_while_the_learner_goes_on():
    """kill -9 of one of two: updates pause for 5 s at most, and the run reaches its budget with both."""
    run = train_over_ray(
        *STEADY, *TWO_SHARDS, "stop_env_steps=14000", interfere=Fault(signal.SIGKILL), cadence=OFTEN
    )
    check_recovery(run)
    assert run.outcome.reason == "budget"
    assert run.longest_pause() < PROMISED_SECONDS


class Pause(Fault):
    """Stops a shard's process once, and lets it go on some seconds after a status shows that it is missed.

    How soon that is depends on what was asked of it: a sample is missed after 3 s, news after 8 s.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(signal.SIGSTOP)
        self._seconds = seconds
        self._noticed: float | None = None

    def __call__(self, status: RunStatus) -> None:
        super().__call__(status)
        if self._noticed is None and not all(shard.up for shard in status.shards):
            self._noticed = time.monotonic()
        if self._noticed is not None and time.monotonic() > self._noticed + self._seconds:
            self.go_on()


def recovered(status: RunStatus) -> bool:
    """Return whether a shard was replaced, and its successor is up."""
    shards = status.shards
    return any(shard.restarts for shard in shards) and all(shard.up for shard in shards)


class Returned:
    """Says whether a shard was down, and for a while all have been up since."""

    def __init__(self) -> None:
        self._down = False
        self._updates: int | None = None

    def __call__(self, status: RunStatus) -> bool:
        up = all(shard.up for shard in status.shards)
        self._down |= not up
        if self._down and up:
            self._updates = self._updates or status.learner_step
            return status.learner_step > self._updates + 50
        return False


def test_a_shard_that_is_stopped_for_a_while_comes_back_with_what_it_held():
    """Within 5 s the learner goes on with the other one; nothing is lost, nothing is started anew."""
    with Pause(3.0) as pause:
        run = train_over_ray(
            *STEADY, *TWO_SHARDS, "stop_env_steps=80000", interfere=pause, until=Returned(), cadence=OFTEN
        )
    check_return(run)
    assert run.longest_pause() < PROMISED_SECONDS


def test_the_only_shard_may_be_stopped_for_a_while():
    """The run stands still and says for what it waits; then it goes on with all that was there."""
    with Pause(1.0) as pause:
        run = train_over_ray(
            *STEADY, "stop_env_steps=80000", interfere=pause, until=Returned(), cadence=OFTEN
        )
    check_return(run)


def check_return(run: FinishedRun) -> None:
    """Hold a run whose shard was silent for a while against what it promises."""
    last = run.statuses[-1]
    assert run.outcome.reason == "interrupted"
    assert [shard.restarts for shard in last.shards] == [0] * len(last.shards)
    assert [task.replay.lost for task in last.tasks] == [0, 0]
    assert {account.missing for account in run.accounts.values()} == {0}
    warnings = {warning for status in run.statuses for warning in status.warnings()}
    assert any("does not answer" in one and "waits for it for at most 30 s" in one for one in warnings)


def test_a_shard_that_is_silent_for_too_long_is_replaced():
    """After `replay.silence_seconds` it is ended, though it might have come back; the learner never waits."""
    settings = (*STEADY, *TWO_SHARDS, "replay.silence_seconds=2", "stop_env_steps=80000")
    with Fault(signal.SIGSTOP) as fault:
        run = train_over_ray(*settings, interfere=fault, until=recovered, cadence=OFTEN)
    check_recovery(run)
    assert run.longest_pause() < PROMISED_SECONDS


def test_the_only_shard_may_be_killed():
    """The run waits for its successor and goes on, also where the learner is what the actors wait for."""
    run = train_over_ray(
        *UNBOUNDED,
        "replay.samples_per_insert=64",
        "stop_env_steps=5000",
        interfere=Fault(signal.SIGKILL),
        cadence=OFTEN,
    )
    check_recovery(run)
    assert run.outcome.reason == "budget"
