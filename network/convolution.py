"""Convolutions of several tasks in one call, over maps that lie flat in rows of features.

Shape letters: G tasks of a group, N rows of all of them, task after task; k tasks with B rows each;
I features in, O features out, C channels in, M maps out, S side of a filter.
"""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from network.grouped import on_tasks
from network.images import Filters, Maps


class GroupedConvolution(nn.Module):
    """`nn.Conv2d` of G tasks, their filters (M, C, S, S) one behind another: (G M, C, S, S).

    It is called as `GroupedLinear` is, with flat rows, so that it can stand wherever that does.

        convolution = GroupedConvolution.initialised(2, maps, maps.under(Filters(16, 3)))
        features_NO = convolution(rows_NI, [8, 8])            # rows 0 to 7 are the first task's

    Attributes:
        maps: what it takes in.
    """

    def __init__(self, tasks: int, maps: Maps, filters: Filters, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self._tasks = tasks
        self.maps = maps
        self._filters = filters
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(bias)

    @classmethod
    def initialised(cls, tasks: int, maps: Maps, made: Maps) -> "GroupedConvolution":
        """Return filters from maps to maps that start as `nn.Conv2d` does: uniform within 1 / sqrt(C S S)."""
        assert made.by is not None
        side = made.by.side
        bound = (maps.channels * side**2) ** -0.5
        weight = torch.empty(tasks * made.channels, maps.channels, side, side).uniform_(-bound, bound)
        bias = torch.empty(tasks * made.channels).uniform_(-bound, bound)
        return cls(tasks, maps, made.by, weight, bias)

    def of_task(self, index: int) -> "GroupedConvolution":
        """Return the filters of one task, a group of one, in this layer's memory."""
        weight, bias = self.weight.detach().chunk(self._tasks), self.bias.detach().chunk(self._tasks)
        return GroupedConvolution(1, self.maps, self._filters, weight[index], bias[index])

    def forward(self, rows_NI: Tensor, sizes: Sequence[int] | None) -> Tensor:
        """Return (N, O); `sizes` says how many of the rows are each task's, None that all are equal."""
        maps, filters = self.maps, self._filters
        rows_NCHW = rows_NI.view(rows_NI.shape[0], maps.channels, maps.height, maps.width)
        if self._tasks == 1:
            return functional.conv2d(rows_NCHW, self.weight, self.bias, filters.stride).flatten(1)
        weight_GMCSS = self.weight.view(self._tasks, -1, maps.channels, filters.side, filters.side)
        convolved = partial(_convolved, stride=filters.stride)
        return on_tasks(convolved, sizes, rows_NCHW, weight_GMCSS, self.bias.view(self._tasks, -1))


@fx.wrap
def _convolved(rows_kBCHW: Tensor, weight_kMCSS: Tensor, bias_kM: Tensor, stride: int) -> Tensor:
    """Return (k B, O): tasks are groups of channels, which pays where each has few rows of small images."""
    tasks, batch = rows_kBCHW.shape[:2]
    rows_B_kC_HW = rows_kBCHW.transpose(0, 1).flatten(1, 2)
    weight, bias = weight_kMCSS.flatten(0, 1), bias_kM.flatten()
    made_B_kM_HW = functional.conv2d(rows_B_kC_HW, weight, bias, stride, groups=tasks)
    return made_B_kM_HW.view(batch, tasks, -1).transpose(0, 1).flatten(0, 1)
