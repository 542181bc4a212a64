"""Scales of numbers: given ones, and ones that follow what was seen.

Shape letters: G tasks of a group, N rows of all of them, task after task; O numbers of a row; k tasks with B
rows each.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from network.grouped import on_tasks
from network.seen import Seen

BOUND = 10.0
"""Of numbers that statistics have scaled, in standard deviations: one that is far off drowns no other."""
MOST_ROWS = 1e6
"""Rows after which newer ones count more than older ones, so that the statistics follow what changes."""
EPSILON = 1e-8
"""Added to variances: a number that never changes becomes 0."""


class Scaling(nn.Module, ABC):
    """Brings the numbers of G tasks to a size that suits a network: rows (N, O) to rows (N, O)."""

    @abstractmethod
    def of_task(self, index: int) -> "Scaling":
        """Return the scaling of one task, in this one's memory."""

    @abstractmethod
    def observe(self, rows_NO: Tensor, sizes: Sequence[int]) -> None:
        """Learn of further rows of every task; `sizes` says how many of them are each task's."""

    @abstractmethod
    def forward(self, rows_NO: Tensor, sizes: Sequence[int]) -> Tensor:
        """Return rows in float32; `sizes` says how many of them are each task's."""


class GivenScaling(Scaling):
    """Divides each number by what its task's configuration says.

    The inverse scales (G, O) are a buffer and no state.
    """

    inverse_scale: Tensor

    def __init__(self, inverse_scale_GO: Tensor) -> None:
        super().__init__()
        self.register_buffer("inverse_scale", inverse_scale_GO, persistent=False)

    def of_task(self, index: int) -> "GivenScaling":
        """Return the scaling of one task."""
        return GivenScaling(self.inverse_scale[index : index + 1])

    def observe(self, rows_NO: Tensor, sizes: Sequence[int]) -> None:
        """Do nothing: the scales are given."""

    def forward(self, rows_NO: Tensor, sizes: Sequence[int]) -> Tensor:
        """Return rows times the inverse scales."""
        if self.inverse_scale.shape[0] == 1:
            return rows_NO * self.inverse_scale
        return on_tasks(_scaled, sizes, rows_NO, self.inverse_scale)


class RunningScaling(Scaling):
    """Subtracts the mean of what was seen of each number and divides by its standard deviation.

    The statistics are parameters that no gradient reaches: they are saved, published and copied with the
    weights, so that actors, learner and evaluation scale alike. Means and variances of batches are put
    together after Chan et al. 1979, "Updating Formulae and a Pairwise Algorithm for Computing Sample
    Variances", eq. 1.5.
    """

    def __init__(self, mean_GO: Tensor, variance_GO: Tensor, rows_G: Tensor) -> None:
        super().__init__()
        self._tasks = len(mean_GO)
        self.mean, self.variance, self.rows = (
            nn.Parameter(tensor, requires_grad=False) for tensor in (mean_GO, variance_GO, rows_G)
        )

    @classmethod
    def initialised(cls, tasks: int, size: int) -> "RunningScaling":
        """Return a scaling that changes nothing yet."""
        return cls(torch.zeros(tasks, size), torch.ones(tasks, size), torch.zeros(tasks))

    def of_task(self, index: int) -> "RunningScaling":
        """Return the scaling of one task."""
        own = slice(index, index + 1)
        return RunningScaling(self.mean.detach()[own], self.variance.detach()[own], self.rows.detach()[own])

    @torch.no_grad()
    def observe(self, rows_NO: Tensor, sizes: Sequence[int]) -> None:
        """Take in further rows of every task."""
        for index, rows_BO in enumerate(rows_NO.float().split_with_sizes(list(sizes))):
            new, before = float(len(rows_BO)), self.rows[index].clamp(max=MOST_ROWS)
            share = new / (before + new)
            variance_O, mean_O = torch.var_mean(rows_BO, 0, correction=0)
            difference_O = mean_O - self.mean[index]
            self.variance[index].lerp_(variance_O, share).addcmul_(difference_O.square(), share * (1 - share))
            self.mean[index].addcmul_(difference_O, share)
            self.rows[index].copy_(before + new)

    def forward(self, rows_NO: Tensor, sizes: Sequence[int]) -> Tensor:
        """Return rows in standard deviations from the mean, `BOUND` at most."""
        inverse_GO = torch.rsqrt(self.variance + EPSILON)
        if self._tasks == 1:
            normal_NO = (rows_NO - self.mean) * inverse_GO
        else:
            normal_NO = on_tasks(_normal, sizes, rows_NO, self.mean, inverse_GO)
        return normal_NO.clamp(-BOUND, BOUND)


def scaling_of(alike: Sequence[Seen]) -> Scaling:
    """Return the scaling of one part of several tasks that look alike."""
    size = alike[0].size
    if alike[0].part.scale == "auto":
        return RunningScaling.initialised(len(alike), size)
    return GivenScaling(torch.stack([_inverse(seen).expand(size) for seen in alike]))


def _inverse(seen: Seen) -> Tensor:
    """Return the factors of one observation's numbers, laid flat; one for all of them may stand alone."""
    inverse = 1.0 / torch.tensor(seen.part.scale, dtype=torch.float32)
    return inverse if len(inverse) == 1 else inverse.repeat(seen.stack)


def _scaled(rows_kBO: Tensor, inverse_kO: Tensor) -> Tensor:
    return (rows_kBO * inverse_kO.unsqueeze(1)).flatten(0, 1)


def _normal(rows_kBO: Tensor, mean_kO: Tensor, inverse_kO: Tensor) -> Tensor:
    return ((rows_kBO - mean_kO.unsqueeze(1)) * inverse_kO.unsqueeze(1)).flatten(0, 1)
