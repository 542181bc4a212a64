"""The update: beside a bare torch loop of the same mathematics, and of 64 tasks beside one.

    python -m benchmarks.learner [--device cuda] [--threads 2]

prints the JSON of `trunkline bench learner`, and needs neither Ray nor Gymnasium. Both sides work on prepared
batches.
"""

import argparse
import sys
from functools import partial

import torch

from benchmarks.bare_learner import ACTIONS, OBSERVATION, BareLearner
from benchmarks.harness import Bench, LocalPeer, Measure, warmed
from benchmarks.ours_learner import make_batches, make_learner, make_specs, seconds_an_update, updates
from benchmarks.report import to_json
from learner.weighting.fixed import FixedWeighting
from training.json_text import json_text

SIZES = ((1, 256, 512), (2, 256, 512), (2, 128, 256))
"""Tasks, width of encoder and trunk, batch: beside the bare loop."""
MANY, WIDTH, BATCH = 64, 256, 512


def measure_learner(bench: Bench, device: torch.device, threads: int) -> None:
    """Measure every row."""
    torch.set_num_threads(threads)
    bare_name = f"bare loop, torch {torch.__version__}"
    for tasks, width, batch in SIZES:
        specs = make_specs([(OBSERVATION, ACTIONS)] * tasks)
        prepared = make_batches(specs, batch // tasks, device)
        learner = make_learner(specs, (width, width), FixedWeighting([1.0] * tasks), device)
        ours = warmed(updates(learner.step, prepared))
        bare = LocalPeer(bare_name, warmed(updates(BareLearner(tasks, width, device).step, prepared)))
        bench.compare("update", _shape(tasks, width, batch, device, threads), "updates/s", ours, bare)
    many, one = (_seconds_an_update(tasks, device) for tasks in (MANY, 1))
    shape = _shape(MANY, WIDTH, BATCH, device, threads)
    bench.compare("update of many tasks", shape, "seconds", many, LocalPeer("trunkline, 1 task", one))


def _seconds_an_update(tasks: int, device: torch.device) -> Measure:
    specs = make_specs([(OBSERVATION, ACTIONS)] * tasks)
    prepared = make_batches(specs, BATCH // tasks, device)
    learner = make_learner(specs, (WIDTH, WIDTH), FixedWeighting([1.0] * tasks), device)
    return seconds_an_update(warmed(updates(learner.step, prepared)))


def _shape(tasks: int, width: int, batch: int, device: torch.device, threads: int) -> str:
    where = "cuda" if device.type == "cuda" else f"cpu, threads {threads}"
    return f"tasks {tasks}, net {width}-{width}, batch {batch}, {where}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each turn")
    arguments = parser.parse_args()
    if arguments.rounds < 1 or arguments.threads < 1 or arguments.seconds <= 0:
        parser.error("--rounds, --threads and --seconds should be positive")
    if arguments.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device: this machine has no CUDA device")
    bench = Bench(arguments.rounds, arguments.seconds, say=partial(print, file=sys.stderr))
    measure_learner(bench, torch.device(arguments.device), arguments.threads)
    print(json_text(to_json(bench.rows)))


if __name__ == "__main__":
    main()
