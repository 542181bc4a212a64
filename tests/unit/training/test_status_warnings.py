"""What a status says should be put right: a sentence for each thing, and none where all is well."""

from typing import Any

import pytest

from tests.support.status_builders import run_status, shard_status, task_status
from training.fleet import VERSION, Crew, Node
from training.status.records import RunStatus


def crew(**changes: int) -> Crew:
    """Return a crew of two that lacks nothing."""
    return Crew(**({"wanted": 2, "slots": 2, "at_work": 2, "quarantined": 0, "restarts": 0} | changes))


def status_of(changes: dict[str, int], **run: Any) -> RunStatus:
    """Return the status of a run with one task."""
    return run_status(task_status("chain", crew=crew(**changes)), **run)


@pytest.mark.parametrize(
    "changes",
    [{}, {"slots": 9}, {"wanted": 0}, {"at_work": 0}, {"restarts": 7}],
    ids=str,
)
def test_where_all_is_well_there_is_nothing_to_say(changes: dict[str, int]):
    """Spare slots, a task that nobody wants, actors that just start or were replaced: no warnings."""
    nodes = [Node("n", "host", {"task:chain": 2, "replay": 1}, "in service", VERSION), Node("o", "h", {})]
    assert status_of(changes, nodes=nodes).warnings() == []


@pytest.mark.parametrize(
    ("changes", "wanted", "slots"),
    [({"slots": 1}, 2, 1), ({"wanted": 4}, 4, 2), ({"wanted": 0, "slots": 0}, 1, 0)],
    ids=str,
)
def test_too_few_slots(changes: dict[str, int], wanted: int, slots: int):
    """It says how many there are, and how to get more; a task with none at all wants one at least."""
    assert status_of(changes).warnings() == [
        f"chain: actors wanted: {wanted}, slots for them: {slots}; "
        "start nodes with --slots task:chain=COUNT, or scale the task's service up"
    ]


def test_shards_that_are_waited_for():
    """What is waited for, in the words of whoever waits."""
    shards = [shard_status(0), shard_status(1, up=False, trouble="shard replay-1 does not answer")]
    assert status_of({}, shards=shards).warnings() == ["shard replay-1 does not answer"]


def test_actors_that_rest():
    """They died again and again."""
    assert status_of({"quarantined": 2}).warnings() == [
        "chain: actors that died again and again, and rest before the next try: 2"
    ]


def test_slots_for_tasks_of_other_runs():
    """Summed over nodes in service, by task; those of nodes that leave do not count."""
    nodes = [
        Node("x", "x", {"task:chain": 1, "task:pong": 2}),
        Node("y", "y", {"task:pong": 1, "task:a:b": 4}),
        Node("z", "z", {"task:pong": 8}, "draining", VERSION),
    ]
    status = status_of({}, nodes=nodes)
    assert status.foreign_slots == {"pong": 3, "a:b": 4}
    assert status.warnings() == [
        "slots for task 'pong', which this run does not have: 3",
        "slots for task 'a:b', which this run does not have: 4",
    ]


def test_nodes_of_another_version():
    """Named one by one, with both versions."""
    nodes = [Node("x", "old", {}, "refused", "0.0.1"), Node("y", "gone", {}, "draining", VERSION)]
    assert status_of({}, nodes=nodes).warnings() == [
        f"node old has trunkline 0.0.1, and this run has {VERSION}: no process of the run starts there"
    ]


def test_a_learner_that_waits():
    """For which tasks' transitions."""
    assert status_of({}, waiting_for=["chain", "identity"]).warnings() == [
        "the learner waits for transitions of chain, identity"
    ]


def test_everything_at_once_is_a_sentence_each():
    """Slots first, then nodes, then the learner; every task has its own."""
    status = run_status(
        task_status("chain", crew=crew(slots=0, quarantined=1)),
        task_status("identity", crew=crew(slots=1)),
        nodes=[Node("x", "old", {}, "refused", "0.0.1"), Node("y", "y", {"task:pong": 1})],
        waiting_for=["chain"],
    )
    begins = [
        "chain: actors wanted: 2",
        "chain: actors that died",
        "identity: actors wanted: 2",
        "slots for task",
    ]
    found = status.warnings()
    assert len(found) == 6
    for sentence, begin in zip(found, [*begins, "node old", "the learner waits"], strict=True):
        assert sentence.startswith(begin)
