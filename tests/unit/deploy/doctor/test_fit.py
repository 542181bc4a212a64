"""Does a cluster fit: its versions, and its slots for a configuration's tasks."""

import re

import pytest

from cluster.dashboard import ClusterNode, ClusterVersions
from config.loading import load_config
from deploy.doctor.skew import OwnVersions, own_versions, skew_findings
from deploy.doctor.slots import slot_findings

OWN = OwnVersions("2.60.0", "3.11.7", "0.1.0")
PAIR = {"task:cartpole": 1, "task:mountaincar": 1, "replay": 1, "evaluator": 1}


def node(host: str, version: str | None = "0.1.0", alive: bool = True, **slots: int) -> ClusterNode:
    named = {name.replace("__", ":"): count for name, count in slots.items()}
    return ClusterNode(f"{host}-0123456789", host, host == "head", alive, named, version)


def skew(head: ClusterVersions, *nodes: ClusterNode) -> dict[str, tuple[str, str]]:
    return {found.name: (found.verdict, found.what) for found in skew_findings(OWN, head, nodes)}


def test_equal_versions_are_fine():
    """Nodes that are gone do not count, and a head need not say its Python."""
    nodes = (node("head"), node("gone", version="0.0.9", alive=False))
    found = skew(ClusterVersions("2.60.0", None, "0.1.0"), *nodes)
    assert {verdict for verdict, _ in found.values()} == {"ok"}
    assert own_versions().trunkline == "0.1.0"


@pytest.mark.parametrize(
    ("head", "name", "said"),
    [
        (
            ClusterVersions("2.59.1", "3.11.7", "0.1.0"),
            "ray version",
            "Ray is 2.60.0 here and 2.59.1 on the head",
        ),
        (
            ClusterVersions("2.60.0", "3.12.1", "0.1.0"),
            "python version",
            "Python is 3.11.7 here and 3.12.1 on",
        ),
    ],
)
def test_a_head_with_another_ray_or_python_is_a_problem(head: ClusterVersions, name: str, said: str):
    """Ray refuses to join either; the others are fine."""
    found = skew(head, node("head"))
    assert [key for key, (verdict, _) in found.items() if verdict == "problem"] == [name]
    assert said in found[name][1]


def test_every_node_with_another_trunkline_is_named():
    """With its version and host; those that agree are not."""
    nodes = (node("head", "9.9.9"), node("a"), node("b", "0.2.0"), node("c", None))
    verdict, what = skew(ClusterVersions("2.60.0", "3.11.7", "9.9.9"), *nodes)["trunkline version"]
    assert verdict == "problem"
    assert (
        what
        == "trunkline is 0.1.0 here, but 9.9.9 on the head node head (head-012), 0.2.0 on node b (b-012345)"
    )


def test_nodes_that_do_not_say_their_version_are_a_warning():
    """They may do; nobody knows."""
    head = ClusterVersions("2.60.0", "3.11.7", None)
    found = skew(head, node("head", None), node("a"))
    assert found["trunkline version"] == ("warning", "nodes do not report their version of trunkline: head")


def fit(*nodes: ClusterNode, overrides: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    found = slot_findings(load_config(None, overrides), nodes, "head:6379")
    return [(finding.verdict, finding.what) for finding in found]


def test_slots_for_everything_are_fine():
    """They may lie on different nodes."""
    found = fit(node("a", task__cartpole=2, replay=1), node("b", task__mountaincar=1, evaluator=1))
    assert found == [("ok", "evaluator=1, replay=1, task:cartpole=2, task:mountaincar=1")]


@pytest.mark.parametrize("kind", PAIR)
def test_a_slot_that_nobody_has_is_a_problem(kind: str):
    """It is named, with the command that brings it; a node that is gone has none."""
    here = ClusterNode("x", "x", False, True, {name: 1 for name in PAIR if name != kind}, "0.1.0")
    gone = ClusterNode("y", "y", False, False, PAIR, "0.1.0")
    (found,) = slot_findings(load_config(None, ()), [here, gone], "head:6379")
    assert found.verdict == "problem"
    assert kind.removeprefix("task:") in found.what
    assert re.fullmatch(
        rf"start a node with `\S*trunkline node --address=head:6379 --slots={kind}=1`", found.todo
    )


def test_fewer_slots_than_shards_are_a_problem_and_than_actors_a_warning():
    """A run cannot start without its shards; with fewer actors it is slower."""
    found = fit(
        ClusterNode("x", "x", False, True, PAIR, "0.1.0"),
        overrides=("replay.shards=3", "tasks.cartpole.actors=4"),
    )
    assert found == [
        ("problem", "the cluster has 1 of 3 slots for the replay shards"),
        ("warning", "tasks.cartpole.actors is 4, but the cluster has slots for 1"),
    ]


def test_slots_for_tasks_that_nobody_asks_for_are_a_warning():
    """A task may be misspelt on either side."""
    here = ClusterNode("x", "x", False, True, {**PAIR, "task:cartpol": 2}, "0.1.0")
    assert fit(here) == [("warning", "2 slots are for task 'cartpol', which the configuration does not have")]
