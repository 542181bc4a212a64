"""Values are returns with a running mean of zero and a running deviation of one.

Shape letters: T tasks, in the order of the network's rows; N transitions of all tasks; k tasks with B rows
each.
"""

import torch
from torch import Tensor

from learner.value_scale.affine import AffineScale
from learner.value_scale.interface import Change, Returns
from network.grouped import on_tasks

RATE = 3e-4
"""Step size of the moments (Hessel et al. 2019, appendix)."""
SMALLEST, LARGEST = 1e-4, 1e6
"""Bounds on the deviation (Hessel et al. 2019, appendix)."""


class PopArt(AffineScale):
    """Adaptive normalisation of each task's targets; outputs are preserved precisely.

    van Hasselt et al. 2016, "Learning values across many orders of magnitude", eq. 6, with the mean over a
    task's batch in place of one target; one set of statistics a task: Hessel et al. 2019, "Multi-task Deep
    Reinforcement Learning with PopArt", eq. 4 and 5.

    Args:
        tasks: how many there are.
        rate: step size of mean and second moment.
    """

    square_T: Tensor

    def __init__(self, tasks: int, rate: float = RATE) -> None:
        super().__init__(tasks, 1.0)
        self._rate = rate
        self.register_buffer("square_T", torch.ones_like(self.scale_T))

    @torch.no_grad()
    def observe(self, returns: Returns) -> Change:
        """Take in the returns of one update."""
        total_N = returns.total()
        mean_T = self.shift_T.lerp(on_tasks(_means, returns.sizes, total_N), self._rate)
        self.square_T.lerp_(on_tasks(_means, returns.sizes, total_N.square()), self._rate)
        variance_T = self.square_T - mean_T.square()
        return self._become(variance_T.clamp(min=SMALLEST**2).sqrt().clamp(max=LARGEST), mean_T)


def _means(values_kB: Tensor) -> Tensor:
    return values_kB.mean(1)
