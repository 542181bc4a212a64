"""Who is there: the nodes of a cluster, and what each has room for."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Literal

TASK_SLOT = "task:"
OTHER_SLOTS = ("replay", "evaluator")
VERSION_LABEL = "trunkline-version"
VERSION = version("trunkline")

NodeState = Literal["in service", "draining", "refused"]


@dataclass(frozen=True)
class Node:
    """One live node.

    Attributes:
        id: Ray's name for it.
        host: its host's name or address.
        slots: how many processes of each kind it has room for, such as `{"task:cartpole": 2}`.
        state: whether processes may start there; a node is refused if its trunkline is of another version.
        version: its trunkline's version; None if it does not say.
    """

    id: str
    host: str
    slots: Mapping[str, int]
    state: NodeState = "in service"
    version: str | None = None


def slots_among(resources: Mapping[str, float]) -> dict[str, int]:
    """Return which of a node's resources are slots, and how many of each."""
    return {kind: int(count) for kind, count in resources.items() if is_slot(kind)}


def is_slot(kind: str) -> bool:
    """Return whether a kind of resource is one that processes of a run take."""
    return kind in OTHER_SLOTS or (kind.startswith(TASK_SLOT) and kind != TASK_SLOT)


def state_of(draining: bool, version: str | None) -> NodeState:
    """Return a node's state; one that does not say its version is taken at its word."""
    if version not in (None, VERSION):
        return "refused"
    return "draining" if draining else "in service"


def task_slots(nodes: Sequence[Node]) -> Counter[str]:
    """Return the slots for each task's actors on nodes in service."""
    slots: Counter[str] = Counter()
    for node in nodes:
        if node.state == "in service":
            for kind, count in node.slots.items():
                if kind.startswith(TASK_SLOT):
                    slots[kind.removeprefix(TASK_SLOT)] += count
    return slots
