"""The stations of a run, what each env step asks of them, and the bound that follows.

Operational laws, as in Lazowska, Zahorjan, Graham & Sevcik (1984), "Quantitative System Performance",
chapters 3 and 5: a station with a demand of D seconds for each env step is busy X D of the time at a
throughput of X (utilisation law), so X <= 1 / D for every one of them (bottleneck law). What the weights ask
of board and network is an upper bound: an actor that waits for one version passes over those of meanwhile.
"""

from dataclasses import dataclass

from benchmarks.scale.costs import Costs, Setting
from cluster.ray.actor_crew import LOOK_SECONDS
from training.loop import STATS_PERIOD

ACTING, SHARDS, UPDATE, FETCHING, BOARD = "actors", "shards", "learner", "batch fetching", "weights board"
LEARNER_IN, LEARNER_OUT, SHARD_IN, SHARD_OUT = (
    "learner's network in",
    "learner's network out",
    "shards' network in",
    "shards' network out",
)
CORES = "cores"
BITS = 8


@dataclass(frozen=True)
class Station:
    """A place where work is done.

    Attributes:
        name: of it.
        seconds: of one server's work for each env step of the run.
        servers: that work side by side, each with an equal part.
        busy: servers' worth of work that is there at any throughput.
    """

    name: str
    seconds: float
    servers: float = 1.0
    busy: float = 0.0

    @property
    def capacity(self) -> float:
        """Env steps a second at which it is never idle: where the utilisation law gives 1."""
        left = max(0.0, self.servers - self.busy)
        return left / self.seconds if self.seconds else float("inf")

    def utilisation(self, steps_per_second: float) -> float:
        """Return the share of time that each server is busy at a throughput."""
        return (steps_per_second * self.seconds + self.busy) / self.servers


def stations(costs: Costs, setting: Setting) -> list[Station]:
    """Return every station of a run, those with the network only in a cluster, the cores only without one."""
    flow = _Flow.of(costs, setting)
    shard = (
        flow.blocks * costs.insert
        + flow.answers * costs.sample_call
        + setting.samples_per_insert * costs.sample_item
    )
    fetching = flow.answers * costs.fetch_call + setting.samples_per_insert * costs.fetch_item
    readings = setting.shards * costs.reading + setting.actors * costs.reading_life
    thread = (
        flow.updates * (costs.update + take_seconds(costs, setting.shards) + readings / STATS_PERIOD)
        + flow.versions * costs.publish
    )
    looks = setting.actors * costs.look / LOOK_SECONDS
    found = [
        Station(ACTING, costs.step + flow.pulls * costs.load, servers=setting.actors),
        Station(SHARDS, shard, servers=setting.shards),
        Station(UPDATE, thread, busy=looks),
        Station(FETCHING, fetching),
        Station(BOARD, flow.pulls * costs.pull),
    ]
    if setting.cores is None:
        return [*found, *_network(costs, setting, flow)]
    cpu = costs.step_cpu + flow.pulls * costs.load + sum(station.seconds for station in found[1:])
    return [*found, Station(CORES, cpu, servers=setting.cores, busy=costs.background + looks)]


def take_seconds(costs: Costs, shards: int) -> float:
    """Return what the learner's thread spends on getting one batch from so many shards."""
    shape = costs.shape
    item = costs.take_item + (costs.merge_item if shards > 1 else 0.0)
    return (costs.take_draw + shards * costs.take_call) / shape.batches_per_request + shape.batch_size * item


def bottleneck(found: list[Station]) -> Station:
    """Return the station that sets the bound: the one with the least capacity."""
    return min(found, key=lambda station: station.capacity)


@dataclass(frozen=True)
class _Flow:
    """What happens for each env step: so many blocks, updates, answers of shards, versions, pulls."""

    blocks: float
    updates: float
    answers: float
    versions: float
    pulls: float

    @classmethod
    def of(cls, costs: Costs, setting: Setting) -> "_Flow":
        shape = costs.shape
        blocks = 1 / shape.block_items
        updates = setting.samples_per_insert / shape.batch_size
        versions = updates / shape.publish_period
        return cls(
            blocks=blocks,
            updates=updates,
            answers=setting.samples_per_insert / shape.request_items * setting.shards,
            versions=versions,
            pulls=min(setting.actors * versions, blocks),  # between blocks, and only for what is newer
        )


def _network(costs: Costs, setting: Setting, flow: _Flow) -> list[Station]:
    samples = setting.samples_per_insert * costs.item_bytes
    copies = min(flow.versions * setting.nodes, flow.pulls)
    bytes_of = {
        LEARNER_IN: (samples, 1),
        LEARNER_OUT: (copies * costs.weights_bytes, 1),
        SHARD_IN: (flow.blocks * costs.block_bytes, setting.shards),
        SHARD_OUT: (samples, setting.shards),
    }
    return [
        Station(name, amount * BITS / setting.network_bits, servers=hosts)
        for name, (amount, hosts) in bytes_of.items()
    ]
