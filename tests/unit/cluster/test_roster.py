"""Who works where: slots are filled as wanted, nodes that leave are left, what keeps dying rests."""

from collections.abc import Mapping, Sequence

import pytest

from cluster.membership import state_of
from cluster.roster import (
    MAX_DEATHS,
    QUARANTINE_SECONDS,
    RETRY_SECONDS,
    WINDOW_SECONDS,
    Post,
    Roster,
    Start,
    Stop,
)
from training.fleet import VERSION, Crew, Node, NodeState, task_slots

A = [Post("a", index) for index in range(8)]


def node(name: str, state: NodeState = "in service", **tasks: int) -> Node:
    """Return a node with slots for tasks."""
    return Node(name, name, {f"task:{task}": count for task, count in tasks.items()}, state)


def roster_of(wanted: Mapping[str, int | None], nodes: Sequence[Node]) -> Roster:
    """Return a roster that sees these nodes."""
    roster = Roster(wanted)
    roster.see(nodes)
    return roster


def started(roster: Roster, now: float = 0.0) -> dict[Post, str]:
    """Return where actors are to start; no other orders may come."""
    orders = roster.orders(now)
    assert all(isinstance(order, Start) for order in orders), orders
    return {order.post: order.node_id for order in orders if isinstance(order, Start)}


def test_slots_are_filled_up_to_what_is_wanted():
    """Of each task, no more than its own slots, evenly over nodes; what is there is not ordered again."""
    nodes = [node("x", a=2, b=1), node("y", a=2), Node("head", "head", {})]
    roster = roster_of({"a": 3, "b": 4}, nodes)
    orders = roster.orders(0.0)
    assert orders[0] == Start(A[0], "x", life=0, crew_size=3)
    found = {order.post: order.node_id for order in orders if isinstance(order, Start)}
    assert set(found) == {*A[:3], Post("b", 0)}
    assert sorted(found[post] for post in A[:3]) in (["x", "x", "y"], ["x", "y", "y"])
    assert {order.crew_size for order in orders if isinstance(order, Start)} == {3, 4}
    assert roster.orders(1.0) == []
    assert roster.crew("b") == Crew(wanted=4, slots=1, at_work=0, quarantined=0, restarts=0)


def test_an_actor_counts_as_at_work_once_its_process_is_up():
    """Until then it has its slot, and nobody says that it works."""
    roster = roster_of({"a": None}, [node("x", a=2)])
    started(roster)
    assert roster.crew("a").at_work == 0
    roster.is_up(A[0])
    assert roster.crew("a").at_work == 1
    roster.ended(A[0], "it fell over", now=1.0)
    roster.is_up(A[0])
    assert roster.crew("a").at_work == 0


def test_without_a_number_there_is_one_in_every_slot():
    """Also when nodes come later, or go; the epsilon ladder grows with the crew."""
    roster = roster_of({"a": None}, [])
    assert started(roster) == {}
    assert roster.crew("a") == Crew(wanted=0, slots=0, at_work=0, quarantined=0, restarts=0)
    roster.see([node("x", a=2)])
    assert started(roster) == dict.fromkeys(A[:2], "x")
    roster.see([node("x", a=2), node("y", a=1)])
    assert roster.orders(0.0) == [Start(A[2], "y", 0, crew_size=3)]
    assert roster.crew("a").wanted == 3


@pytest.mark.parametrize("state", ["draining", "refused"])
def test_nodes_that_are_not_in_service_are_left(state: NodeState):
    """Their actors stop once, start elsewhere before they have ended, and their end is no death."""
    roster = roster_of({"a": 2}, [node("x", a=2)])
    started(roster)
    roster.see([node("x", state, a=2), node("y", a=2)])
    orders = roster.orders(1.0)
    assert orders == [Stop(A[0]), Stop(A[1]), Start(A[2], "y", 0, 3), Start(A[3], "y", 0, 4)]
    assert roster.orders(1.5) == []
    roster.ended(A[0], "it stopped of its own accord", now=2.0)
    roster.ended(A[1], "it stopped of its own accord", now=2.0)
    assert roster.orders(2.0) == []
    assert roster.crew("a").restarts == 0


def test_nothing_starts_on_a_node_that_is_not_in_service():
    """Its slots do not count either."""
    roster = roster_of({"a": None}, [node("x", "draining", a=2), node("y", "refused", a=2)])
    assert (started(roster), roster.crew("a").slots, roster.crew("a").wanted) == ({}, 0, 0)


def test_the_loss_of_a_node_is_no_death_of_its_actors():
    """However often it happens: they start again at once, nobody is blamed, nothing rests."""
    roster = roster_of({"a": 2}, [node("0", a=2)])
    for life in range(MAX_DEATHS + 2):
        assert started(roster, now=float(life)) == dict.fromkeys(A[:2], str(life))
        roster.see([node(str(life + 1), a=2)])
        for post in A[:2]:
            roster.ended(post, "its process ended", now=float(life))
    assert (roster.crew("a").restarts, roster.crew("a").quarantined, roster.broken()) == (0, 0, None)


def test_a_death_just_before_that_of_its_node_is_no_death():
    """The process is gone at once, and that its node is too is noticed seconds later."""
    roster = roster_of({"a": 1}, [node("0", a=1)])
    for life in range(MAX_DEATHS + 2):
        now = 3.0 * life
        assert started(roster, now) == {A[0]: str(life)}
        roster.ended(A[0], "its process ended", now)
        roster.see([node(str(life + 1), a=1)])
    assert (roster.crew("a").quarantined, roster.broken()) == (0, None)


def test_deaths_are_answered_later_and_later():
    """The first replacement comes at once, the second a second later, the third two; lives count up."""
    roster = roster_of({"a": 1}, [node("x", a=1)])
    started(roster)
    now = 10.0
    for death in range(MAX_DEATHS - 1):
        roster.ended(A[0], "the arm is stuck", now)
        if death:
            assert roster.orders(now + death - 0.01) == []
        now += death
        assert roster.orders(now) == [Start(A[0], "x", life=death + 1, crew_size=1)]
    assert (roster.crew("a").restarts, roster.broken()) == (MAX_DEATHS - 1, None)


def die_often(roster: Roster, post: Post, now: float) -> float:
    """Let an actor die until it is quarantined; return the time of its last death."""
    for death in range(MAX_DEATHS):
        roster.ended(post, "the arm is stuck", now)
        if death < MAX_DEATHS - 1:
            now += death
            assert post in started(roster, now)
    return now


def test_what_dies_again_and_again_rests_and_is_tried_again():
    """Four deaths within two minutes: a minute of rest, then another life, and rest at once if that fails."""
    roster = roster_of({"a": 2}, [node("x", a=2)])
    started(roster)
    now = die_often(roster, A[1], 0.0)
    assert (roster.crew("a").quarantined, roster.broken()) == (1, None)
    assert roster.orders(now + QUARANTINE_SECONDS - 0.1) == []
    now += QUARANTINE_SECONDS
    assert roster.orders(now) == [Start(A[1], "x", life=MAX_DEATHS, crew_size=2)]
    assert roster.crew("a").quarantined == 0
    roster.ended(A[1], "the arm is stuck", now)
    assert roster.crew("a").quarantined == 1
    now += WINDOW_SECONDS + QUARANTINE_SECONDS
    assert A[1] in started(roster, now)
    roster.ended(A[1], "the arm is stuck", now)
    assert A[1] in started(roster, now)


def test_a_run_is_broken_when_nobody_of_a_task_can_go_on():
    """All that there is room for rest after deaths; one that works, or is not wanted, keeps the run going."""
    roster = roster_of({"a": 2, "b": 1}, [node("x", a=2, b=1)])
    started(roster)
    now = die_often(roster, A[0], 0.0)
    assert roster.broken() is None
    die_often(roster, A[1], now)
    assert roster.broken() == (
        f"actor a-1 died {MAX_DEATHS} times within 3 s, the last time because: the arm is stuck"
    )
    roster.see([node("x", b=1)])
    assert roster.broken() is None
    roster.see([node("x", a=2, b=1)])
    roster.scale("a", 0)
    assert roster.broken() is None


def test_who_works_is_not_outvoted_by_who_rests():
    """Scaled down to those who work, a task is well, although as many others rest."""
    roster = roster_of({"a": 4}, [node("x", a=4)])
    started(roster)
    now = 0.0
    for post in A[2:4]:
        now = die_often(roster, post, now)
    roster.scale("a", 2)
    assert roster.orders(now) == []
    assert (roster.crew("a").quarantined, roster.broken()) == (0, None)
    roster.see([node("y", a=2)])
    for post in A[:2]:
        roster.ended(post, "its process ended", now)
    assert roster.broken() is None
    assert started(roster, now) == {A[0]: "y", A[1]: "y"}


def test_nobody_dies_in_the_place_of_who_rests():
    """Where more are wanted than there is room for, the others do not take turns at dying."""
    roster = roster_of({"a": 3}, [node("x", a=1)])
    started(roster)
    now = die_often(roster, A[0], 0.0)
    assert roster.orders(now + 1.0) == []
    assert (roster.broken() or "").startswith("actor a-0 died")


def test_a_replacement_that_dies_waits_while_the_one_before_it_stops():
    """Its number is above those wanted; it rests like any other, and nothing else is started in its place."""
    roster = roster_of({"a": 1}, [node("x", a=1)])
    started(roster)
    roster.see([node("x", "draining", a=1), node("y", a=1)])
    assert roster.orders(0.0) == [Stop(A[0]), Start(A[1], "y", 0, crew_size=2)]
    roster.ended(A[1], "the arm is stuck", now=1.0)
    assert roster.orders(1.0) == [Start(A[1], "y", 1, crew_size=2)]
    roster.ended(A[1], "the arm is stuck", now=1.0)
    assert roster.orders(1.5) == []
    roster.ended(A[0], "it stopped of its own accord", now=1.6)
    assert roster.orders(1.7) == []
    assert len(started(roster, 2.0)) == 1


def test_scaling_down_stops_the_highest():
    """They go in order, once; when they are wanted again before they are gone, others come."""
    roster = roster_of({"a": None}, [node("x", a=4)])
    started(roster)
    roster.scale("a", 2)
    assert roster.orders(0.0) == [Stop(A[2]), Stop(A[3])]
    roster.scale("a", None)
    assert roster.orders(0.0) == []
    roster.ended(A[3], "it stopped of its own accord", now=1.0)
    assert roster.orders(1.0) == [Start(A[3], "x", life=1, crew_size=4)]
    roster.ended(A[2], "it stopped of its own accord", now=2.0)
    assert roster.orders(2.0) == [Start(A[2], "x", life=1, crew_size=4)]
    roster.scale("a", 0)
    assert roster.orders(3.0) == [Stop(post) for post in A[:4]]
    assert roster.crew("a").restarts == 0


def test_scaling_up_waits_for_slots():
    """More than there is room for are wanted, not started, until a node comes."""
    roster = roster_of({"a": 1}, [node("x", a=2)])
    started(roster)
    roster.scale("a", 4)
    assert started(roster) == {A[1]: "x"}
    assert (roster.crew("a").wanted, roster.crew("a").slots) == (4, 2)
    roster.see([node("x", a=2), node("y", a=5)])
    assert started(roster) == {A[2]: "y", A[3]: "y"}


def test_actors_that_are_there_are_adopted():
    """They have their slots and numbers; what is missing is filled in, who is too many or misplaced stops."""
    roster = roster_of({"a": 3}, [node("x", a=2), node("y", a=2), node("z", "draining", a=1)])
    for post, place in ((A[1], "x"), (A[2], "x"), (A[5], "z")):
        roster.adopt(post, place)
    assert roster.crew("a").at_work == 3
    assert roster.orders(0.0) == [Stop(A[5]), Start(A[0], "y", 0, crew_size=3)]
    roster = roster_of({"a": 1}, [node("x", a=2)])
    for post in A[:2]:
        roster.adopt(post, "x")
    assert roster.orders(0.0) == [Stop(A[1])]
    roster.ended(A[0], "the arm is stuck", now=1.0)
    assert roster.crew("a").restarts == 0


def test_an_actor_whose_name_is_still_taken_is_tried_again():
    """Soon, under the next number of life, and it counts as nobody's death."""
    roster = roster_of({"a": 1}, [node("x", a=1)])
    started(roster)
    roster.not_started(A[0], now=5.0)
    assert roster.orders(5.0 + RETRY_SECONDS - 0.01) == []
    assert roster.orders(5.0 + RETRY_SECONDS) == [Start(A[0], "x", life=1, crew_size=1)]
    assert roster.crew("a").restarts == 0


@pytest.mark.parametrize(
    ("draining", "version", "state"),
    [
        (False, VERSION, "in service"),
        (False, None, "in service"),
        (True, VERSION, "draining"),
        (False, "0.0.0", "refused"),
        (True, "0.0.0", "refused"),
    ],
)
def test_the_state_of_a_node(draining: bool, version: str | None, state: str):
    """Another version is refused whatever it does; one that says none is taken at its word."""
    assert state_of(draining, version) == state


def test_slots_of_tasks_are_those_of_nodes_in_service():
    """Names of tasks may hold any sign; other kinds of slots are none of a task."""
    nodes = [node("x", a=2), node("y", "draining", a=4), Node("z", "z", {"task:a:b": 3, "replay": 5})]
    assert task_slots(nodes) == {"a": 2, "a:b": 3}
