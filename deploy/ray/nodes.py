"""The nodes of the cluster, as Ray knows them."""

from typing import Any

import ray
from ray._private.state import state as ray_state

from deploy.membership import TASK_SLOT, VERSION_LABEL, Node, state_of

_KINDS = ("replay", "evaluator")


def live_nodes() -> list[Node]:
    """Return the nodes that are alive, draining ones included.

    Which of them drain is known to Ray's own libraries only, through the module that is imported here.
    """
    draining = ray_state.get_draining_nodes()
    return [_node(entry, entry["NodeID"] in draining) for entry in ray.nodes() if entry["Alive"]]  # type: ignore[no-untyped-call]


def own_node_id() -> str:
    """Return the id of the node that this process belongs to."""
    return str(ray.get_runtime_context().get_node_id())


def _node(entry: dict[str, Any], draining: bool) -> Node:
    version = entry["Labels"].get(VERSION_LABEL)
    slots = {
        kind: int(count)
        for kind, count in entry["Resources"].items()
        if kind.startswith(TASK_SLOT) or kind in _KINDS
    }
    return Node(entry["NodeID"], entry["NodeManagerHostname"], slots, state_of(draining, version), version)
