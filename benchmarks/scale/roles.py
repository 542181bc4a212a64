"""The processes of a simulated run beside its shards: actors, the learner, and what looks after them.

What they send, ask for and let in is decided by the objects of real runs: `BlockSender`, `BatchSource`,
`ReplayRouter` with its task book, `RateLimiter`. What comes after what follows `actors/actor.py`,
`cluster/ray/weights.py` and `training/loop.py`.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from simpy.events import ProcessGenerator

from actors.sender import BlockSender
from benchmarks.scale.costs import Costs, Setting
from benchmarks.scale.plant import Bell, Plant
from benchmarks.scale.shards import Line, SimulatedShard
from benchmarks.scale.stations import ACTING, take_seconds
from cluster.ray.actor_crew import LOOK_SECONDS
from config.rates import TOLERANCE_FACTOR
from config.sections.replay import ReplayConfig
from learner.batch_source import BatchSource, Position, Supply
from replay.rate_limiter import RateLimiter, smallest_error_buffer
from replay.router import ReplayRouter
from replay.task_book import Spread
from training.loop import STATS_PERIOD

TASK = "simulated"


def actor(plant: Plant, shard: SimulatedShard, node: int, copies: Counter[int]) -> ProcessGenerator:
    """Make a block, send it, pull weights if there are newer ones, make the next.

    Args:
        plant: where.
        shard: to which its blocks go.
        node: on which it is.
        copies: newest version of the weights that each node has fetched.
    """
    costs, items, bell = plant.costs, plant.costs.shape.block_items, Bell(plant.env)
    sender, version = BlockSender(Line(plant, shard, bell)), 0
    waiting = max(0.0, costs.step - costs.step_cpu) * items
    while True:
        while not sender.settle(timeout_seconds=0.0):
            yield bell.rung
        computing = plant.around(costs.step_cpu * items)
        if sender.announced_version > version:
            yield from plant.serve(plant.board, plant.around(costs.pull))
            version = plant.version
            if copies[node] < version:
                copies[node] = version
                yield from plant.send(plant.learner_out, costs.weights_bytes)
            computing += plant.around(costs.load)
        yield plant.env.timeout(waiting)
        yield from plant.compute(computing)
        plant.busy[ACTING] += waiting + computing
        sender.send(b"", items)


def learner(plant: Plant, shards: Sequence[SimulatedShard]) -> ProcessGenerator:
    """Make updates of batches that were asked for ahead, publish, and read the shards' counters."""
    costs, setting, shape, bell = plant.costs, plant.setting, plant.costs.shape, Bell(plant.env)
    spread = Spread(range(len(shards)), rate_limiter(costs, setting))
    lines = [Line(plant, shard, bell) for shard in shards]
    router = ReplayRouter(lines, {TASK: spread}, np.random.default_rng(0))
    supply = Supply(shape.batch_size, shape.batches_per_request, shape.requests, weighted=False)
    source = BatchSource(router, {TASK: supply}, lambda _: 0.0, torch.device("cpu"))
    update = costs.update + take_seconds(costs, len(shards))
    readings = len(shards) * costs.reading + setting.actors * costs.reading_life
    step = 0
    while True:
        while source.poll(Position(step, plant.version)) is None:
            yield bell.rung
        step += 1
        publishes, reads = step % shape.publish_period == 0, step % STATS_PERIOD == 0
        seconds = plant.around(update) + publishes * costs.publish + reads * readings
        yield from plant.serve(plant.learner, seconds)
        plant.version += publishes
        plant.counts["updates"] += 1


def upkeep(plant: Plant) -> ProcessGenerator:
    """Look at the roster in the learner's process, and let Ray's own processes work on each core."""
    actors, cores = plant.setting.actors, plant.setting.cores or 0
    while True:
        plant.env.process(plant.serve(plant.learner, actors * plant.costs.look))
        for _ in range(cores):
            plant.env.process(plant.compute(plant.costs.background * LOOK_SECONDS / cores))
        yield plant.env.timeout(LOOK_SECONDS)


def rate_limiter(costs: Costs, setting: Setting) -> RateLimiter:
    """Return the limiter of such a run whose configuration gives a ratio and nothing else of it."""
    shape, ratio = costs.shape, setting.samples_per_insert
    least = smallest_error_buffer(ratio, shape.block_items, shape.request_items, setting.shards)
    return RateLimiter(ratio, ReplayConfig().min_size_to_sample, TOLERANCE_FACTOR * least)
