"""What a node of a cluster says of itself: its slots, its version, whether processes may start there."""

from collections.abc import Mapping

from training.fleet import TASK_SLOT, VERSION, NodeState

OTHER_SLOTS = ("replay", "evaluator")
VERSION_LABEL = "trunkline-version"


def slots_among(resources: Mapping[str, float]) -> dict[str, int]:
    """Return which of a node's resources are slots, and how many of each."""
    return {kind: int(count) for kind, count in resources.items() if is_slot(kind)}


def is_slot(kind: str) -> bool:
    """Return whether a kind of resource is one that processes of a run take."""
    return kind in OTHER_SLOTS or (kind.startswith(TASK_SLOT) and kind != TASK_SLOT)


def state_of(draining: bool, version: str | None) -> NodeState:
    """Return a node's state. A node that does not say its version counts as one of the same version."""
    if version not in (None, VERSION):
        return "refused"
    return "draining" if draining else "in service"
