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
    """`nn.Conv2d` of G tasks, their filters (M, C, S, S) one after another: (G M, C, S, S).

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
        if self._tasks == 1:
            rows_NCHW = self._as_maps(rows_NI)
            return functional.conv2d(rows_NCHW, self.weight, self.bias, self._filters.stride).flatten(1)
        weight_GMCSS = torch.unflatten(self.weight, 0, (self._tasks, -1))
        return self.apart(rows_NI, sizes, weight_GMCSS, self.bias.view(self._tasks, -1))

    def apart(
        self, rows_NI: Tensor, sizes: Sequence[int] | None, weight_GMCSS: Tensor, bias_GM: Tensor
    ) -> Tensor:
        """Return (N, O) of parameters that are given, a slice a task."""
        convolved = partial(_convolved, stride=self._filters.stride)
        return on_tasks(convolved, sizes, self._as_maps(rows_NI), weight_GMCSS, bias_GM)

    def _as_maps(self, rows_NI: Tensor) -> Tensor:
        return rows_NI.view(rows_NI.shape[0], self.maps.channels, self.maps.height, self.maps.width)


@fx.wrap
def _convolved(rows_kBCHW: Tensor, weight_kMCSS: Tensor, bias_kM: Tensor, stride: int) -> Tensor:
    """Return (k B, O): tasks are groups of channels, which pays where each has few rows of small images."""
    tasks = rows_kBCHW.shape[0]
    rows_B_kC_HW = rows_kBCHW.transpose(0, 1).flatten(1, 2)
    weight, bias = weight_kMCSS.flatten(0, 1), bias_kM.flatten()
    made_B_kM_HW = functional.conv2d(rows_B_kC_HW, weight, bias, stride, groups=tasks)
    made_BkO = torch.unflatten(made_B_kM_HW.flatten(1), 1, (tasks, -1))
    return made_BkO.transpose(0, 1).flatten(0, 1)
