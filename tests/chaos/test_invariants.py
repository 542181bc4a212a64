"""The invariants notice what they are there for: each broken once, by hand."""

from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.faults import Fault
from tests.chaos.invariants import broken_by, unsettled
from tests.chaos.watch import Sight, longest_standstill

PAUSE = Fault("a pause", lambda *_: "", bound_seconds=3.0)
LEARNER_KILL = replace(PAUSE, ends_learner=True)


def sights(**last: Any) -> list[Sight]:
    """Return one sight a second, ten env steps and five updates apart; the last one with changes."""
    seen = [
        Sight(
            float(n), {"a": 10 * n, "b": 10 * n}, 20 + 5 * n, 20, lost=7, replaced=1, troubles=(), calm=True
        )
        for n in range(10)
    ]
    return [*seen[:-1], replace(seen[-1], **last)]


def problems(fault: Fault, seen: list[Sight], starts: int = 0) -> list[str]:
    return list(broken_by(fault, seen, begin=0.5, end=9.0, learner_starts=starts))


def test_where_all_goes_on_there_is_nothing_to_say():
    """A learner that was killed may go back as far as its checkpoint."""
    assert problems(PAUSE, sights()) == []
    assert problems(LEARNER_KILL, sights(learner_step=20, env_steps={"a": 60, "b": 60}), starts=1) == []


@pytest.mark.parametrize(
    ("fault", "last", "starts", "sentence"),
    [
        (PAUSE, {}, 1, "the learner began 1 times, and should have 0 times"),
        (LEARNER_KILL, {}, 0, "the learner began 0 times, and should have 1 times"),
        (PAUSE, {"learner_step": 59}, 0, "the learner's step went from 60 back to 59"),
        (LEARNER_KILL, {"learner_step": 19}, 1, "the learner's step went from 60 back to 19"),
        (PAUSE, {"env_steps": {"a": 90, "b": 79}}, 0, "env steps of b went from 80 back to 79"),
        (PAUSE, {"lost": 9}, 0, "2 transitions were lost with shards that live"),
        (PAUSE, {"replaced": 2}, 0, "1 actors were replaced that live"),
    ],
)
def test_each_broken_promise_is_said(fault: Fault, last: dict[str, Any], starts: int, sentence: str):
    """One sentence for one of them."""
    assert problems(fault, sights(**last), starts) == [sentence]


def test_env_steps_that_stand_still_are_timed_from_the_fault_to_the_end():
    """Gaps in what was seen count as well: nobody knows that anything went on."""
    seen = [sight for sight in sights() if sight.time not in (3.0, 4.0, 5.0)]
    assert longest_standstill(seen, 0.5, 9.0) == 4.0
    assert problems(PAUSE, seen) == ["env steps stood still for 4.0 s, and may for 3 s"]
    assert longest_standstill(sights(), 0.5, 20.0) == 11.0


def summary(**changes: Any) -> dict[str, Any]:
    account = {"sent": 10, "inserted": 6, "superseded": 1, "abandoned": 3, "missing": 0, "problem": None}
    account |= changes
    return {
        "stopped_by": "interrupted",
        "replay_saved": True,
        "tasks": {"a": {"transitions": account}},
    }


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sent": 11}, "a: 11 transitions were sent, 10 are accounted for"),
        ({"sent": 12, "missing": 2}, "a: 2 transitions are missing, and no shard was lost"),
        ({"problem": "it is odd"}, "a: it is odd"),
    ],
)
def test_books_that_do_not_agree_are_said(changes: dict[str, Any], sentence: str):
    """And those that agree are not; with shards that went, some may be missing."""
    assert list(unsettled(summary(), replay_lived=True)) == []
    assert list(unsettled(summary(**changes), replay_lived=True)) == [sentence]
    assert list(unsettled(summary(sent=12, missing=2), replay_lived=False)) == []
