"""Who works for a run: its nodes, and the actors of each task."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Literal

TASK_SLOT = "task:"
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


def task_slots(nodes: Sequence[Node]) -> Counter[str]:
    """Return the slots for each task's actors on nodes in service."""
    slots: Counter[str] = Counter()
    for node in nodes:
        if node.state == "in service":
            for kind, count in node.slots.items():
                if kind.startswith(TASK_SLOT):
                    slots[kind.removeprefix(TASK_SLOT)] += count
    return slots


@dataclass(frozen=True)
class Crew:
    """Actors of one task.

    Attributes:
        wanted: actors that there should be.
        slots: room for its actors on nodes in service.
        at_work: actors whose process is up.
        quarantined: actors that died again and again, and rest before the next try.
        restarts: actors replaced after a death so far.
    """

    wanted: int
    slots: int
    at_work: int
    quarantined: int
    restarts: int


@dataclass(frozen=True)
class ClusterStatus:
    """Where a run is at one moment; nowhere but in one process by default.

    Attributes:
        nodes: that are alive.
        node_deaths: nodes that died, in this life of the run.
    """

    nodes: list[Node] = field(default_factory=list)
    node_deaths: int = 0
