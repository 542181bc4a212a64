"""Values are returns with a running mean of zero and a running deviation of one.

Shape letters: T tasks, in the order of the network's rows; N transitions of all tasks; k tasks with B rows
each.
"""

from collections.abc import Mapping

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

    Both papers keep the mean mu and the mean square nu of the targets, and take sigma^2 = nu - mu^2. Where
    the mean is large beside the deviation, that difference is all rounding. The same sigma^2 is kept here by
    itself: with the mean m and the variance s^2 of a batch, and the step size b,

        sigma^2 <- (1 - b) (sigma^2 + b (m - mu)^2) + b s^2

    This is Welford's update with exponential forgetting (West 1979, "Updating mean and variance estimates").
    It is in float64, since a step of b would be lost in the rounding of a large float32 mean.

    Args:
        tasks: how many there are.
        rate: step size of mean and variance.
    """

    variance_T: Tensor

    def __init__(self, tasks: int, rate: float = RATE) -> None:
        super().__init__(tasks, 1.0, torch.float64)
        self._rate = rate
        self.register_buffer("variance_T", torch.ones_like(self.scale_T))

    def upgraded(self, state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """Take the variance from the scale, where a checkpoint has the mean square in its place."""
        if "square_T" not in state:
            return state
        scale_T, shift_T = state["scale_T"], state["shift_T"]
        return {"scale_T": scale_T, "shift_T": shift_T, "variance_T": scale_T.double().square()}

    @torch.no_grad()
    def observe(self, returns: Returns) -> Change:
        """Take in the returns of one update."""
        variance_T, mean_T = on_tasks(_moments, returns.sizes, returns.total().double()).unbind(1)
        distance_T = mean_T - self.shift_T
        self.variance_T.addcmul_(distance_T, distance_T, value=self._rate).lerp_(variance_T, self._rate)
        deviation_T = self.variance_T.clamp(SMALLEST**2, LARGEST**2).sqrt()
        return self._become(deviation_T, self.shift_T.lerp(mean_T, self._rate))


def _moments(returns_kB: Tensor) -> Tensor:
    """Return the variance and the mean of each task's rows: (k, 2)."""
    return torch.stack(torch.var_mean(returns_kB, 1, correction=0), 1)
