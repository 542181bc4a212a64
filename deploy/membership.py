"""Who is there: the nodes of a cluster, and what each has room for."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Literal

TASK_SLOT = "task:"
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
