"""What a run's parts cost: the numbers that are measured, and all that the model knows of the machine."""

from dataclasses import dataclass


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


@dataclass(frozen=True)
class Costs:
    """Seconds and bytes of single calls. Seconds are of CPU, but for `step`.

    Attributes:
        shape: of the run in which they were measured.
        step: seconds of an actor for one step of one of its streams, encoding and sending included.
        step_cpu: of those, seconds of CPU; the rest its environments wait.
        insert: of a shard, for one block.
        sample_call: of a shard, for one request of a sample.
        sample_item: of a shard, for each transition of it, its new priority included.
        fetch_call: of the threads beside the learner's own, for one shard's answer.
        fetch_item: of the same, for each transition.
        take_draw: of the learner's thread, for one request, from however many shards.
        take_call: of the same, for one shard's answer.
        take_item: of the same, for each transition: batch assembly and priorities.
        merge_item: of the same, for each transition of a request to several shards.
        update: of the learner's thread, for one update.
        publish: of the same, for one version of the weights.
        pull: of the board, for one actor's question.
        load: of an actor, for fetching and loading one version.
        reading: of the learner's thread, for one shard's counters.
        reading_life: of the same, for each actor's entry in them.
        look: of the same, for one actor in one look of the crew's roster.
        block_bytes: of one block on the wire.
        item_bytes: of one transition in a sample.
        weights_bytes: of one version.
        background: CPU seconds a second of Ray's own processes on one machine.
    """

    shape: Shape
    step: float
    step_cpu: float
    insert: float
    sample_call: float
    sample_item: float
    fetch_call: float
    fetch_item: float
    take_draw: float
    take_call: float
    take_item: float
    merge_item: float
    update: float
    publish: float
    pull: float
    load: float
    reading: float
    reading_life: float
    look: float
    block_bytes: float
    item_bytes: float
    weights_bytes: float
    background: float


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
