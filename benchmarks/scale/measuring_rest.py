"""What updates, weights and the roster cost."""

import statistics
import time
from collections.abc import Callable, Sequence

from benchmarks.scale.processes import BOARD, cpu_seconds
from cluster.ray.weights import RayWeightsSink, RayWeightsSource, put_up_board
from cluster.roster import Roster
from learner.batch import TaskBatch
from learner.learner import Learner
from learner.weights_publisher import WeightsPublisher
from training.fleet import TASK_SLOT, Node
from training.parts.parts import Parts

ACTORS, PER_NODE = 1000, 32
RUN = "scale-model"


def update_seconds(learner: Learner, batches: Sequence[TaskBatch], seconds: float, rounds: int) -> float:
    """Return the CPU seconds of one update: those of its thread, since torch has one here."""
    return _thread_seconds(lambda: learner.step(batches), seconds, rounds)


def weights_costs(parts: Parts, seconds: float, rounds: int) -> tuple[float, float, float, float]:
    """Return what publishing costs the learner, a pull the board, a pull the actor, and the bytes of weights.

    The actor fetches from this node's memory: what the network takes is another station's.
    """
    learner, sink, source = parts.learner(), RayWeightsSink(put_up_board(RUN)), RayWeightsSource()
    publisher = WeightsPublisher(learner, sink)
    snapshot = publisher.publish()
    publish = _thread_seconds(publisher.publish, seconds, rounds)
    source.latest(newer_than=-1)  # it answers once it has seen to all that was published
    pulls, board, thread = 0, cpu_seconds()[BOARD], time.thread_time()
    end = time.perf_counter() + rounds * seconds
    while time.perf_counter() < end:
        source.latest(newer_than=-1)
        pulls += 1
    load = (time.thread_time() - thread) / pulls
    return publish, (cpu_seconds()[BOARD] - board) / pulls, load, float(snapshot.flat.nbytes)


def look_seconds(task: str, seconds: float, rounds: int) -> float:
    """Return what the roster takes for each actor of a task in one look of the crew, of a thousand."""
    nodes = [
        Node(f"node-{number}", f"host-{number}", {TASK_SLOT + task: PER_NODE})
        for number in range(-(-ACTORS // PER_NODE))
    ]
    roster = Roster({task: ACTORS})
    roster.see(nodes)
    roster.orders(now=0.0)

    def look() -> None:
        roster.orders(now=0.0)
        roster.crew(task)
        roster.broken()

    return _thread_seconds(look, seconds, rounds) / ACTORS


def _thread_seconds(call: Callable[[], object], seconds: float, rounds: int) -> float:
    """Return the median over the rounds of this thread's CPU seconds a call."""

    def once() -> float:
        calls, thread, end = 0, time.thread_time(), time.perf_counter() + seconds
        while time.perf_counter() < end or not calls:
            call()
            calls += 1
        return (time.thread_time() - thread) / calls

    once()
    return statistics.median(once() for _ in range(rounds))
