"""Replay: in process beside cpprb, over Ray beside Reverb, and two shards beside one."""

from benchmarks.harness import Bench, LocalPeer, warmed
from benchmarks.ours_replay import ReplayOverRay, TableInProcess
from benchmarks.peer_process import CPPRB, REVERB, PeerProcess
from benchmarks.shapes import ATARI, MINATAR, VECTOR, ReplayShape
from cluster.ray.connection import cluster

INSERTS, BATCHES = "transitions/s", "batches of 512/s"
SHAPES = {"vector": VECTOR, "minatar": MINATAR, "atari": ATARI}
INSERTED, SPREAD = "vector", "minatar"
"""Which of them is inserted over Ray, and which is sampled from two shards too."""


def measure_replay(bench: Bench) -> None:
    """Measure every row."""
    for shape in SHAPES.values():
        _in_process(bench, shape)
    tasks = {task: (shape, 1) for task, shape in SHAPES.items()} | {"spread": (SHAPES[SPREAD], 2)}
    with cluster(None, {"replay": len(SHAPES) + 2}):
        _over_ray(bench, ReplayOverRay(tasks))


def _in_process(bench: Bench, shape: ReplayShape) -> None:
    table = TableInProcess(shape)
    with PeerProcess(CPPRB, "insert", *shape.arguments()) as peer:
        bench.compare("insert, blocks of 64", str(shape), INSERTS, warmed(table.insert), peer)
    with PeerProcess(CPPRB, "sample", *shape.arguments()) as peer:
        bench.compare("sample and set priorities", str(shape), BATCHES, warmed(table.sample), peer)


def _over_ray(bench: Bench, replay: ReplayOverRay) -> None:
    sampling = {task: warmed(replay.sampling(task)) for task in (*SHAPES, "spread")}
    for task, shape in SHAPES.items():
        with PeerProcess(REVERB, "read", *shape.arguments()) as peer:
            bench.compare("sample over Ray", str(shape), BATCHES, sampling[task], peer)
    one = LocalPeer("trunkline, 1 shard", sampling[SPREAD])
    bench.compare("sample over Ray, 2 shards", str(SHAPES[SPREAD]), BATCHES, sampling["spread"], one)
    shape = SHAPES[INSERTED]
    with PeerProcess(REVERB, "write", *shape.arguments()) as peer:
        ours = warmed(replay.inserting(INSERTED))
        bench.compare("insert over Ray, blocks of 64", str(shape), INSERTS, ours, peer)
