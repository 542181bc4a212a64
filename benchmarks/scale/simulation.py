"""A run as a network of queues: actors, shards, the learner, the board, the network, the cores.

They are processes and resources of SimPy (simpy.readthedocs.io).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from actors.sender import MAX_IN_FLIGHT
from benchmarks.scale.costs import Costs, Setting
from benchmarks.scale.plant import Plant
from benchmarks.scale.roles import actor, learner, upkeep
from benchmarks.scale.shards import SimulatedShard
from benchmarks.scale.stations import bottleneck, stations

BLOCKS, REQUESTS = 300, 60
"""That go through until a run counts as steady."""


@dataclass(frozen=True)
class Simulated:
    """What came of a simulated run.

    Attributes:
        steps_per_second: env steps that replay took in.
        updates_per_second: updates made.
        utilisation: of each station, its servers' share of busy time.
        resent: blocks that had to be sent again, for each that was taken in.
    """

    steps_per_second: float
    updates_per_second: float
    utilisation: Mapping[str, float]
    resent: float


def simulate(costs: Costs, setting: Setting, spread: float = 0.5, seed: int = 0) -> Simulated:
    """Simulate a run until it is steady, and as long again; what is returned is of the second half.

    Args:
        costs: of its parts; service times are drawn around them.
        setting: how many of each.
        spread: standard deviation of a service time over its mean: gamma distributed, 0 for always the same.
        seed: of the draws.
    """
    plant = Plant(costs, setting, spread, seed)
    shards = [SimulatedShard(plant) for _ in range(setting.shards)]
    copies: Counter[int] = Counter()
    plant.env.process(learner(plant, shards))
    plant.env.process(upkeep(plant))
    for index in range(setting.actors):
        shard, node = shards[index % len(shards)], index // setting.actors_per_node
        plant.env.process(actor(plant, shard, node, copies))
    steady = seconds_until_steady(costs, setting)
    plant.env.run(until=steady)
    busy, counts = plant.busy.copy(), plant.counts.copy()
    plant.env.run(until=2 * steady)
    done = plant.counts - counts
    return Simulated(
        steps_per_second=done["steps"] / steady,
        updates_per_second=done["updates"] / steady,
        utilisation={
            each.name: (plant.busy[each.name] - busy[each.name]) / (steady * each.servers)
            for each in stations(costs, setting)
        },
        resent=done["resent"] * costs.shape.block_items / max(1, done["steps"]),
    )


def seconds_until_steady(costs: Costs, setting: Setting) -> float:
    """Return a time after which queues are as they stay.

    Every actor has made its blocks by then, the shards have seen them, and hundreds more went through.
    """
    rate = bottleneck(stations(costs, setting)).capacity
    block, request = costs.shape.block_items, costs.shape.request_items / setting.samples_per_insert
    first_blocks = MAX_IN_FLIGHT * setting.actors / setting.shards * costs.insert
    return max(BLOCKS * block / rate, REQUESTS * request / rate, 4 * block * costs.step, 2 * first_blocks)
