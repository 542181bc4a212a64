"""Layers of several tasks in one call: each task's rows meet the task's own slice of the parameters.

Shape letters: G tasks of a group, N rows of all of them, task after task; k tasks with B rows each; I inputs,
O outputs.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any, cast

import torch
from torch import Tensor, fx, nn
from torch.autograd.function import FunctionCtx
from torch.nn import functional


def joined(parts: Sequence[Tensor]) -> Tensor:
    """Return the rows of all parts, without a copy if there is one part only."""
    return parts[0] if len(parts) == 1 else torch.cat(list(parts))


def on_tasks(
    function: Callable[..., Tensor], sizes: Sequence[int] | None, rows_N: Tensor, *slices_G: Tensor
) -> Tensor:
    """Apply a batched function to the rows of several tasks, in as few calls as batch sizes allow.

    Neighbours with equal batch sizes go through in one call: all tasks at once if all sizes are equal, two
    calls if sizes differ by the remainder of a division, one call a task at worst.

    Args:
        function: (k, B, ...), (k, ...), ... -> (k or k * B, ...).
        sizes: how many of the rows are each task's; None that all have equally many.
        rows_N: (N, ...).
        slices_G: (G, ...) each, one slice a task; at least one where there are no sizes.
    """
    if sizes is None:
        return function(torch.unflatten(rows_N, 0, (slices_G[0].shape[0], -1)), *slices_G)
    runs = _runs(tuple(sizes))
    if len(runs) == 1:
        return function(rows_N.view(*runs[0], *rows_N.shape[1:]), *slices_G)
    tasks = [count for count, _ in runs]
    rows = rows_N.split_with_sizes([count * size for count, size in runs])
    slices = [tensor.split_with_sizes(tasks) for tensor in slices_G]
    return torch.cat(
        [
            function(part.view(*run, *part.shape[1:]), *own)
            for run, part, *own in zip(runs, rows, *slices, strict=True)
        ]
    )


@lru_cache(maxsize=1024)
def _runs(sizes: tuple[int, ...]) -> list[tuple[int, int]]:
    """Return (tasks, batch size) of each stretch of tasks with equal batch sizes."""
    return [(len(list(run)), size) for size, run in groupby(sizes)]


class GroupedLinear(nn.Module):
    """`nn.Linear` of G tasks, their weights (O, I) and biases (O,) one after another: (G O, I) and (G O,).

    Of one task it is `nn.Linear`.

    linear = GroupedLinear.initialised(2, 4, 256)
    features_NO = linear(rows_NI, [8, 8])                 # rows 0 to 7 are the first task's
    """

    def __init__(self, tasks: int, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self._tasks = tasks
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(bias)

    @classmethod
    def initialised(cls, tasks: int, inputs: int, outputs: int) -> "GroupedLinear":
        """Return a layer that starts as `nn.Linear` does in every task: uniform within 1 / sqrt(inputs)."""
        bound = inputs**-0.5
        weight = torch.empty(tasks * outputs, inputs).uniform_(-bound, bound)
        return cls(tasks, weight, torch.empty(tasks * outputs).uniform_(-bound, bound))

    def of_task(self, index: int) -> "GroupedLinear":
        """Return the layer of one task, a group of one, in this layer's memory."""
        weight, bias = self.weight.detach().chunk(self._tasks), self.bias.detach().chunk(self._tasks)
        return GroupedLinear(1, weight[index], bias[index])

    @torch.no_grad()
    def adjust(self, factor_G: Tensor, offset_G: Tensor) -> None:
        """Turn every output y of a task into factor y + offset, in place."""
        weight_GP, bias_GO = self.weight.view(self._tasks, -1), self.bias.view(self._tasks, -1)
        weight_GP.mul_(factor_G.unsqueeze(1))
        torch.addcmul(offset_G.unsqueeze(1), bias_GO, factor_G.unsqueeze(1), out=bias_GO)

    def forward(self, rows_NI: Tensor, sizes: Sequence[int] | None) -> Tensor:
        """Return (N, O); `sizes` says how many of the rows are each task's, None that all are equal."""
        if self._tasks == 1:
            return functional.linear(rows_NI, self.weight, self.bias)
        weight_GOI = self.weight.view(self._tasks, -1, rows_NI.shape[1])
        return self.apart(rows_NI, sizes, weight_GOI, self.bias.view(self._tasks, -1))

    def apart(
        self, rows_NI: Tensor, sizes: Sequence[int] | None, weight_GOI: Tensor, bias_GO: Tensor
    ) -> Tensor:
        """Return (N, O) of parameters that are given, a slice a task."""
        return on_tasks(_linear, sizes, rows_NI, weight_GOI, bias_GO)


class _BatchedLinear(torch.autograd.Function):
    """Rows (k, B, I), weight (k, O, I), bias (k, O) -> (k, B, O).

    Autograd would compute the weight's gradient transposed and then copy it into place, row by column: with
    64 tasks of 128 inputs a quarter of the whole update. Copies of one weight, as `expand` makes them, are
    one matrix to all rows; only their gradients are apart.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, rows: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(rows, weight)
        if weight.stride(0) == 0:
            return functional.linear(rows, weight[0], bias[0])
        return torch.baddbmm(bias.unsqueeze(1), rows, weight.mT)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor, Tensor]:  # noqa: ANN401 - as torch types it
        rows, weight = ctx.saved_tensors
        to_rows = None
        if ctx.needs_input_grad[0]:
            to_rows = gradient @ weight[0] if weight.stride(0) == 0 else torch.bmm(gradient, weight)
        return to_rows, torch.bmm(gradient.mT, rows), gradient.sum(1)


_batched_linear = cast("Callable[[Tensor, Tensor, Tensor], Tensor]", _BatchedLinear.apply)


@fx.wrap
def _linear(rows_kBI: Tensor, weight_kOI: Tensor, bias_kO: Tensor) -> Tensor:
    return _batched_linear(rows_kBI, weight_kOI, bias_kO).flatten(0, 1)
