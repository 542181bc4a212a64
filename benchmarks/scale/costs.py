"""What a run's parts cost: the numbers that are measured, and all that the model knows of the machine."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

_UNITS = {"µs": 1e6, "kB": 1e-3, "cores": 1.0}


@dataclass(frozen=True)
class Shape:
    """How a run cuts what flows.

    Attributes:
        block_items: transitions of a block.
        batch_size: transitions of an update.
        batches_per_request: batches that the learner asks for at a time.
        requests: such requests under way or not used up.
        publish_period: updates between versions of the weights.
    """

    block_items: int
    batch_size: int
    batches_per_request: int
    requests: int
    publish_period: int

    @property
    def request_items(self) -> int:
        """Transitions of a request."""
        return self.batch_size * self.batches_per_request


def _cost(label: str, unit: str = "µs") -> Any:  # noqa: ANN401 - a dataclass's field
    return field(metadata={"label": label, "unit": unit})


@dataclass(frozen=True)
class Costs:
    """Seconds and bytes of single calls, as their labels say. Seconds are of CPU, but for `step`.

    `step`, `step_cpu` and `load` are an actor's, `insert` and `sample_*` a shard's, `pull` is the board's,
    `fetch_*` are those of the threads beside the learner's own, and the others those of the learner's thread.
    The units of the labels are for people.
    """

    shape: Shape
    step: float = _cost("an env step of an actor")
    step_cpu: float = _cost("of those, CPU")
    insert: float = _cost("a block's insert, at the shard")
    sample_call: float = _cost("a request of a sample, at the shard")
    sample_item: float = _cost("each transition of it, its new priority included")
    fetch_call: float = _cost("a shard's answer, beside the learner's thread")
    fetch_item: float = _cost("each transition of that answer")
    take_draw: float = _cost("a request, in the learner's thread")
    take_call: float = _cost("each shard's answer to it")
    take_item: float = _cost("each transition of that request")
    merge_item: float = _cost("each transition more, with several shards")
    update: float = _cost("an update")
    publish: float = _cost("a version of the weights, in the learner's thread")
    pull: float = _cost("a pull, at the weights board")
    load: float = _cost("a pull, at the actor")
    reading: float = _cost("a reading of one shard's counters")
    reading_life: float = _cost("each actor's entry in it")
    look: float = _cost("an actor in one look of the crew's roster")
    block_bytes: float = _cost("a block", "kB")
    item_bytes: float = _cost("a transition of a sample", "kB")
    weights_bytes: float = _cost("the weights", "kB")
    background: float = _cost("Ray's own processes", "cores")

    def labelled(self) -> Iterator[tuple[str, float, str]]:
        """Yield each cost's label, its value in its unit, and the unit."""
        for each in fields(self):
            if unit := each.metadata.get("unit"):
                yield each.metadata["label"], getattr(self, each.name) * _UNITS[unit], unit


@dataclass(frozen=True)
class Setting:
    """How many of each.

    Attributes:
        actors: of them.
        shards: of them; in a cluster each on a host of its own.
        samples_per_insert: times that a transition is drawn.
        cores: of the one machine that all share; None for a cluster, where every process has a core.
        network_bits: a second and direction of each host's network; ignored on one machine.
        actors_per_node: of a cluster; a node fetches a version of the weights once.
    """

    actors: int
    shards: int
    samples_per_insert: float
    cores: int | None = None
    network_bits: float = 10e9
    actors_per_node: int = 32

    @property
    def nodes(self) -> int:
        """Nodes with actors."""
        return -(-self.actors // self.actors_per_node)
