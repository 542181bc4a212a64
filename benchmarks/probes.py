"""What the probes cost: a reading, beside as many updates as lie between two of them.

A row's ratio is what readings add to the learner's time: 0.02 are 2 %.
"""

from functools import partial

import torch

from benchmarks.harness import Bench, LocalPeer, Measure, warmed
from benchmarks.ours_learner import make_batches, make_learner, make_specs, seconds_an_update, updates
from benchmarks.weighting import TASKS
from config.schema import ProbesConfig
from learner.probes.read import read_probes
from learner.weighting.fixed import FixedWeighting

SIZES = (
    (TASKS, (128, 128, 128), 64),
    (TASKS, (256, 256), 100),
    (((4, 2),) * 64, (256, 256), 8),
)
"""Observations and actions of each task, widths of encoder and trunk, each task's part of the batch."""
PERIOD = ProbesConfig().period or 0
"""Updates between readings, unless a configuration says otherwise."""


def measure_probes(bench: Bench) -> None:
    """Measure every row, on the CPU with one thread."""
    torch.set_num_threads(1)
    for shapes, widths, batch in SIZES:
        specs, device = make_specs(shapes), torch.device("cpu")
        prepared = make_batches(specs, batch, device)
        learner = make_learner(specs, widths, FixedWeighting([1.0] * len(specs)), device)
        update = seconds_an_update(warmed(updates(learner.step, prepared)))
        read = seconds_an_update(warmed(updates(partial(read_probes, learner), prepared[:1])))
        between = LocalPeer(f"trunkline, {PERIOD} updates", _times(PERIOD, update))
        shape = f"tasks {len(specs)}, net {'-'.join(map(str, widths))}, batch {batch} a task"
        bench.compare("reading of the probes", shape, "seconds", read, between)


def _times(factor: int, measure: Measure) -> Measure:
    return lambda seconds: factor * measure(seconds)
