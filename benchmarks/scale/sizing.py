"""How many of each one learner can use: shards for so many actors, the first bottleneck, what to do then."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from actors.sender import MAX_IN_FLIGHT
from benchmarks.scale.costs import Costs, Setting
from benchmarks.scale.simulation import simulate
from benchmarks.scale.stations import (
    ACTING,
    BOARD,
    FETCHING,
    LEARNER_IN,
    LEARNER_OUT,
    SHARD_IN,
    SHARD_OUT,
    SHARDS,
    UPDATE,
    bottleneck,
    stations,
)
from cluster.ray.shard_process import HELD_BLOCKS
from config.sections.replay import MOST_SHARDS

COMFORT = 0.7
"""Utilisation up to which a shard answers without delay."""
LEAST_RATIO, HALVINGS = 0.01, 40
ADVICE = {
    ACTING: "more actors",
    UPDATE: "lower samples_per_insert, use a faster learner, or fewer actors",
    FETCHING: "fewer shards, larger requests, or a lower samples_per_insert",
    SHARDS: "more shards",
    BOARD: "raise learner.publish_period, or fragment_length",
    LEARNER_IN: "a faster network at the learner, or a lower samples_per_insert",
    LEARNER_OUT: "raise learner.publish_period, or put more actors on a node",
    SHARD_IN: "more shards, each on a host of its own",
    SHARD_OUT: "more shards, each on a host of its own",
}
"""What helps where something is the bottleneck."""


@dataclass(frozen=True)
class Plan:
    """What a learner with so many actors comes to.

    Attributes:
        setting: with the shards that it needs.
        demanded: env steps a second that the actors would make unhindered.
        served: env steps a second that go through, by simulation.
        bound: the same by the bottleneck law.
        updates: a second.
        bottleneck: the station that sets the bound.
        advice: what to do about it.
        busiest: the station that comes next, and how busy it is.
        learner_gbits: a second into the learner's host, and out of it.
    """

    setting: Setting
    demanded: float
    served: float
    bound: float
    updates: float
    bottleneck: str
    advice: str
    busiest: tuple[str, float]
    learner_gbits: tuple[float, float]


def plan(costs: Costs, setting: Setting) -> Plan:
    """Return what becomes of a setting, with as many shards as it needs."""
    setting = with_shards(costs, setting)
    found = {station.name: station for station in stations(costs, setting)}
    first = bottleneck(list(found.values()))
    simulated = simulate(costs, setting)
    rest = [station for station in found.values() if station is not first]
    served = simulated.steps_per_second
    second = max(rest, key=lambda station: station.utilisation(served))

    def gbits(name: str) -> float:
        return served * found[name].seconds / found[name].servers * setting.network_bits / 1e9

    return Plan(
        setting=setting,
        demanded=setting.actors / costs.step,
        served=served,
        bound=first.capacity,
        updates=simulated.updates_per_second,
        bottleneck=first.name,
        advice=f"for more: {ADVICE[second.name]}" if first.name == ACTING else ADVICE[first.name],
        busiest=(second.name, second.utilisation(served)),
        learner_gbits=(gbits(LEARNER_IN), gbits(LEARNER_OUT)),
    )


def with_shards(costs: Costs, setting: Setting) -> Setting:
    """Return the setting with the fewest shards that leave the bottleneck elsewhere and themselves some room.

    Each must also be able to hold what its actors have under way while the rate holds them back, or blocks go
    to and fro.
    """
    holding = -(-MAX_IN_FLIGHT * setting.actors // HELD_BLOCKS)
    most = min(MOST_SHARDS, setting.actors)
    for count in range(min(holding, most), most + 1):
        tried = replace(setting, shards=count)
        found = stations(costs, tried)
        bound = bottleneck(found).capacity
        there = [station for station in found if station.name in (SHARDS, SHARD_IN, SHARD_OUT)]
        if all(station.utilisation(bound) <= COMFORT for station in there):
            return tried
    return replace(setting, shards=most)


def highest_ratio(costs: Costs, setting: Setting) -> float | None:
    """Return the highest samples_per_insert, up to the setting's, at which no actor waits, or None."""

    def serves(ratio: float) -> bool:
        tried = with_shards(costs, replace(setting, samples_per_insert=ratio))
        return bottleneck(stations(costs, tried)).name == ACTING

    low, high = LEAST_RATIO, setting.samples_per_insert
    if serves(high):
        return high
    if not serves(low):
        return None
    for _ in range(HALVINGS):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if serves(middle) else (low, middle)
    return low


def plans(costs: Costs, setting: Setting, actors: Sequence[int]) -> list[Plan]:
    """Return for each number of actors what comes of it as it is, and at a ratio at which none waits."""
    found = []
    for count in actors:
        asked = replace(setting, actors=count)
        found.append(plan(costs, asked))
        ratio = highest_ratio(costs, asked)
        lowered = LEAST_RATIO if ratio is None else ratio
        if lowered < setting.samples_per_insert:
            found.append(plan(costs, replace(asked, samples_per_insert=lowered)))
    return found
