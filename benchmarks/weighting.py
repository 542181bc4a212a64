"""What task weightings cost: an update of five tasks under each, beside the same with equal weights.

A last row has the gradients of each task from a backward pass a task through one graph, as such methods are
commonly written.
"""

import torch
from torch import Tensor, nn

from benchmarks.harness import Bench, LocalPeer, Measure, warmed
from benchmarks.ours_learner import make_batches, make_learner, make_specs, seconds_an_update, updates
from learner.task_gradients import SharedCopies
from learner.weighting.interface import TaskWeighting
from learner.weighting.table import OF_GRADIENTS, OF_LOSSES, task_weighting

TASKS = ((4, 2), (6, 3), (2, 3), (2, 2), (2, 3))
"""Elements of an observation and actions, as the shipped five tasks have them."""
SIZES = (((80, 80, 80), 64), ((80, 80, 80), 100), ((128, 128, 128), 64), ((128, 128, 128), 100))
"""Widths of encoder and trunk, and each task's part of the batch."""


class PassATask(TaskWeighting):
    """The sum of the tasks' gradients, from as many backward passes as there are tasks."""

    def __init__(self, num_tasks: int) -> None:
        super().__init__(torch.ones(num_tasks))
        self.parameters_of: list[nn.Parameter] = []

    def backward(self, loss_T: Tensor, copies: SharedCopies | None) -> None:  # noqa: ARG002 - does without
        """Set gradients."""
        last = len(loss_T) - 1
        for task, loss in enumerate(loss_T):
            gradients = torch.autograd.grad(
                loss, self.parameters_of, retain_graph=task < last, allow_unused=True
            )
            for parameter, gradient in zip(self.parameters_of, gradients, strict=True):
                if gradient is not None:
                    parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient


def measure_weighting(bench: Bench) -> None:
    """Measure every row, on the CPU with one thread."""
    torch.set_num_threads(1)
    for widths, batch in SIZES:
        shape = f"tasks {len(TASKS)}, net {'-'.join(map(str, widths))}, batch {batch} a task"
        equal = LocalPeer("trunkline, equal", _measure(_weighting("equal"), widths, batch))
        for name in (*OF_LOSSES, *OF_GRADIENTS):
            if name == "equal":
                continue
            ours = _measure(_weighting(name), widths, batch)
            bench.compare(f"update, {name}", shape, "seconds", ours, equal)
        passes = _measure(PassATask(len(TASKS)), widths, batch)
        bench.compare("update, a backward pass a task", shape, "seconds", passes, equal)


def _weighting(name: str) -> TaskWeighting:
    return task_weighting(name, [1.0] * len(TASKS), seed=0)


def _measure(weighting: TaskWeighting, widths: tuple[int, ...], batch: int) -> Measure:
    specs, device = make_specs(TASKS), torch.device("cpu")
    learner = make_learner(specs, widths, weighting, device)
    if isinstance(weighting, PassATask):
        weighting.parameters_of = list(learner.network.parameters())
    return seconds_an_update(warmed(updates(learner.step, make_batches(specs, batch, device))))
