"""Measures what the parts of a run cost on this machine: over real Ray, seconds each, medians of rounds."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from benchmarks.ours_acting import Pacemaker
from benchmarks.scale.costs import Costs, Shape
from benchmarks.scale.measuring_replay import SMALLER, ReplayCosts
from benchmarks.scale.measuring_rest import look_seconds, update_seconds, weights_costs
from benchmarks.scale.processes import ACTOR, OTHERS, cpu_seconds
from benchmarks.scale.workload import TASK, Workload
from cluster.ray.connection import cluster
from cluster.ray.runtime import RayRuntime
from cluster.ray.shard_crew import ShardCrew
from network.weights import WeightsLayout

BLOCKS_AHEAD, SECONDS_AHEAD = 4, 0.4


def measure(workload: Workload, seconds: float, rounds: int, say: Callable[[str], None]) -> Costs:
    """Return what a workload's parts cost here, by the CPU time of each process.

    CPU time is what other work on the machine disturbs least; only an environment that waits is timed by the
    clock.

    Args:
        workload: of which.
        seconds: of each measurement; acting takes twice as long.
        rounds: of which medians are taken.
        say: is told what is being measured.

    Raises:
        ClusterError: Ray does not start.
        TrainingFailedError: the actor sends nothing.
    """
    torch.set_num_threads(1)
    say(f"{workload.name}: acting")
    acting = _acting(workload, 2 * seconds, rounds)
    say(f"{workload.name}: replay, update, weights")
    parts = workload.parts(actors=2, shards=2)
    with cluster(None, {"replay": 2}):
        crew = ShardCrew(parts)
        crew.wait_until_up()
        replay = ReplayCosts(parts, crew.clients, seconds, rounds)
        sampling = _sampling(replay, workload.shape(parts))
        update = update_seconds(parts.learner(), replay.batch(), seconds, rounds)
        insert, item_bytes = replay.insert(), replay.item_bytes()
        publish, pull, load, weights_bytes = weights_costs(parts, seconds, rounds)
        reading, reading_life = replay.readings()
        crew.kill()
    return Costs(
        shape=workload.shape(parts),
        step=max(acting.step, acting.step_cpu) if workload.waits else acting.step_cpu,
        step_cpu=acting.step_cpu,
        insert=insert.shards,
        **sampling,
        update=update,
        publish=publish,
        pull=pull,
        load=load,
        reading=reading,
        reading_life=reading_life,
        look=look_seconds(TASK, seconds, rounds),
        block_bytes=replay.block_bytes,
        item_bytes=item_bytes,
        weights_bytes=weights_bytes,
        background=acting.background,
    )


def _sampling(replay: ReplayCosts, shape: Shape) -> dict[str, float]:
    """Return those of the costs that samples have, from requests of two sizes and to one and two shards."""
    items, answer = shape.request_items, replay.answer()
    small, whole = replay.request(SMALLER, shards=1), replay.request(1, shards=1)
    spread = replay.request(1, shards=2)
    shard = _fit(small.shards, whole.shards, items)
    beside = _fit(small.beside, whole.beside, items)
    thread = _fit(small.thread, whole.thread, items)
    return {
        "sample_call": shard.call,
        "sample_item": shard.item,
        "fetch_call": beside.call,
        "fetch_item": beside.item,
        "take_draw": max(0.0, thread.call - answer.thread),
        "take_call": answer.thread,
        "take_item": thread.item,
        "merge_item": max(0.0, spread.thread - whole.thread - answer.thread) / items,
    }


@dataclass(frozen=True)
class _Line:
    call: float
    item: float


def _fit(small: float, whole: float, items: int) -> _Line:
    """Return the line through what a small and a whole request took; neither part is negative."""
    item = max(0.0, whole - small) / (items - items // SMALLER)
    return _Line(call=max(0.0, whole - item * items), item=item)


@dataclass(frozen=True)
class _Acting:
    step: float
    step_cpu: float
    background: float


def _acting(workload: Workload, seconds: float, rounds: int) -> _Acting:
    """Return seconds and CPU seconds of a step of an actor that replay never holds back."""
    parts = workload.parts()
    network = parts.network()
    with RayRuntime(parts, address=None) as runtime:
        runtime.weights.publish(WeightsLayout(network).snapshot(network))
        runtime.actors.start()
        block = workload.envs_per_actor * workload.fragment_length
        pace = Pacemaker(runtime.shards.clients[0], TASK, BLOCKS_AHEAD * block)
        pace.ahead += int(SECONDS_AHEAD * pace.transitions_per_second(seconds))
        found = []
        for _ in range(rounds):
            before, used, start = pace.inserted, cpu_seconds(), time.perf_counter()
            rate = pace.transitions_per_second(seconds)
            passed, now = time.perf_counter() - start, cpu_seconds()
            cpu = (now[ACTOR] - used[ACTOR]) / (pace.inserted - before)
            found.append((1 / rate, cpu, (now[OTHERS] - used[OTHERS]) / passed))
        runtime.actors.stop()
    return _Acting(*(statistics.median(values) for values in zip(*found, strict=True)))
