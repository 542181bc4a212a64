"""Simulated shards, and the way to one as senders and routers of real runs know it (`replay.client`).

A shard follows `cluster.ray.shard_process.ShardHost`: it holds blocks until the learner's pace lets them in.
Its transitions have no contents, and all weigh the same.
"""

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray
from simpy import Process
from simpy.events import Event, ProcessGenerator

from benchmarks.scale.plant import Bell, Plant
from benchmarks.scale.stations import SHARD_IN, SHARD_OUT, SHARDS
from cluster.ray.shard_process import HELD_BLOCKS
from replay.client import Reply, ShardClient
from replay.messages import Inserted, Pace, Sampled, ShardStats, TableProgress, Throttled


class SimulatedShard:
    """Takes in blocks as far as the pace goes, and draws; each method is a process that returns an answer."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._thread, self._in, self._out = map(plant.server, (SHARDS, SHARD_IN, SHARD_OUT))
        self._block_items = plant.costs.shape.block_items
        self._inserted = self._insert_until = self._version = 0
        self._held: deque[Event] = deque()
        self._changed = Bell(plant.env)

    def insert(self) -> ProcessGenerator:
        """Take in a block, now or when the pace allows it: `Inserted`; `Throttled` if too many are held."""
        plant = self._plant
        yield from plant.send(self._in, plant.costs.block_bytes)
        yield from plant.serve(self._thread, plant.around(plant.costs.insert))
        if len(self._held) >= HELD_BLOCKS:
            plant.counts["resent"] += 1
            return Throttled()
        admitted = plant.env.event()
        self._held.append(admitted)
        self._go_on()
        yield admitted
        return Inserted(self._block_items, self._version)

    def sample(self, size: int, pace: Pace) -> ProcessGenerator:
        """Draw transitions, and bring them to the learner: `Sampled`."""
        plant, costs = self._plant, self._plant.costs
        yield from plant.serve(self._thread, plant.around(costs.sample_call + size * costs.sample_item))
        progress = self._follow(pace)
        for link in (self._out, plant.learner_in):
            yield from plant.send(link, size * costs.item_bytes)
        yield from plant.serve(plant.fetching, plant.around(costs.fetch_call + size * costs.fetch_item))
        return _transitions(size, progress)

    def watch(self, inserted_beyond: int, pace: Pace) -> ProcessGenerator:
        """Say how it stands, once more than so many transitions are in or one is held: `TableProgress`."""
        self._follow(pace)
        while self._inserted <= inserted_beyond and not self._held:
            yield self._changed.rung
        return self._progress()

    def _follow(self, pace: Pace) -> TableProgress:
        self._version = max(self._version, pace.weights_version)
        self._insert_until = max(self._insert_until, pace.insert_until)
        self._go_on()
        return self._progress()

    def _go_on(self) -> None:
        """Let in the blocks that are held, oldest first, as far as the pace goes."""
        while self._held and self._inserted + self._block_items <= self._insert_until:
            self._held.popleft().succeed()
            self._inserted += self._block_items
            self._plant.counts["steps"] += self._block_items
        self._changed.ring()

    def _progress(self) -> TableProgress:
        return TableProgress(self._inserted, self._inserted, mass=float(self._inserted))


class Line(ShardClient):
    """The way of an actor, or of the learner, to a shard; a bell rings with each answer."""

    def __init__(self, plant: Plant, shard: SimulatedShard, bell: Bell) -> None:
        self._plant, self._shard, self._bell = plant, shard, bell

    def insert(self, data: bytes) -> Reply[Any]:  # noqa: ARG002 - what a block is about does not matter
        """Send a block."""
        return self._asked(self._shard.insert())

    def sample(self, task: str, size: int, pace: Pace) -> Reply[Any]:  # noqa: ARG002 - there is one task
        """Ask for transitions."""
        return self._asked(self._shard.sample(size, pace))

    def watch(self, task: str, inserted_beyond: int, pace: Pace) -> Reply[Any]:  # noqa: ARG002
        """Ask how the shard stands."""
        return self._asked(self._shard.watch(inserted_beyond, pace))

    def update_priorities(self, task: str, keys: NDArray[np.int64], priorities: NDArray[np.float32]) -> bool:  # noqa: ARG002
        """Do nothing: what it costs is a part of the sample's cost."""
        return True

    def stats(self) -> Reply[ShardStats]:
        """Refuse: of a reading only what it costs the learner is simulated."""
        raise NotImplementedError("a simulated shard has no counters")

    def _asked(self, question: ProcessGenerator) -> Reply[Any]:
        process = self._plant.env.process(question)
        process.callbacks.append(self._bell.ring)
        return _Promised(process)


class _Promised(Reply[Any]):
    """What a process of the simulation returns; whether it has, since no time passes while somebody waits."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def wait(self, timeout_seconds: float) -> bool:  # noqa: ARG002
        return self._process.triggered

    def result(self) -> Any:  # noqa: ANN401 - an answer of any kind
        return self._process.value


def _transitions(size: int, progress: TableProgress) -> Sampled:
    """Return an answer that a batch source can cut, with zeros in it."""
    zeros = np.zeros(size, np.float32)
    names = ("actions", "rewards_n", "discounts_n", "weights_versions", "bootstrap_starts")
    return Sampled(
        columns={**dict.fromkeys(names, zeros), "windows": np.zeros((size, 2), np.float32)},
        probabilities=np.zeros(size),
        keys=np.zeros(size, np.int64),
        progress=progress,
    )
