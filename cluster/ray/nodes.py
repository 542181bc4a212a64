"""The nodes of the cluster, as Ray knows them.

Which nodes drain, and on which node an actor works, is asked of Ray's own module here and nowhere else: Ray's
public way to both, `ray.util.state`, asks the dashboard, which a cluster may be without.
"""

from dataclasses import dataclass
from typing import Any

import ray
from ray._private.state import state as ray_state

from cluster.membership import VERSION_LABEL, slots_among, state_of
from training.fleet import Node

UNEXPECTED_TERMINATION = 2
"""Ray's `NodeDeathInfo.Reason`."""


@dataclass(frozen=True)
class Membership:
    """The nodes that are alive, draining ones included, and the ids of those that went without draining."""

    nodes: list[Node]
    died: frozenset[str]


def membership() -> Membership:
    """Return who is there and who died."""
    draining = ray_state.get_draining_nodes()
    entries: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    return Membership(
        nodes=[_node(entry, entry["NodeID"] in draining) for entry in entries if entry["Alive"]],
        died=frozenset(
            entry["NodeID"]
            for entry in entries
            if not entry["Alive"] and entry["DeathReason"] == UNEXPECTED_TERMINATION
        ),
    )


def node_of(handle: Any) -> str:  # noqa: ANN401 - ray's own type
    """Return the id of the node that a Ray actor works on, or worked on until it died; "" if on none yet."""
    return str(ray_state.actor_table(handle._actor_id.hex())["Address"]["NodeID"])


def own_node_id() -> str:
    """Return the id of the node that this process belongs to."""
    return str(ray.get_runtime_context().get_node_id())


def _node(entry: dict[str, Any], draining: bool) -> Node:
    version = entry["Labels"].get(VERSION_LABEL)
    slots = slots_among(entry["Resources"])
    return Node(entry["NodeID"], entry["NodeManagerHostname"], slots, state_of(draining, version), version)
