"""Multi-layer perceptrons of several tasks in one call.

Shape letters: G tasks of a group, N rows of all of them, task after task.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from network.grouped import GroupedLinear, on_tasks

EPSILON = 1e-5
"""Added to variances, as `nn.LayerNorm` does."""

Treatment = Callable[[Tensor, int], Tensor]
"""From rows and the index of a layer to rows of the same shape."""


class GroupedNorm(nn.Module):
    """`nn.LayerNorm` of G tasks: scales and shifts (width,) one behind another, (G width,) each."""

    def __init__(self, tasks: int, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self._tasks = tasks
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(bias)

    @classmethod
    def initialised(cls, tasks: int, width: int) -> "GroupedNorm":
        """Return norms that scale by one and shift by nothing."""
        return cls(tasks, torch.ones(tasks * width), torch.zeros(tasks * width))

    def of_task(self, index: int) -> "GroupedNorm":
        """Return the norm of one task, a group of one, in this one's memory."""
        weight, bias = self.weight.detach().chunk(self._tasks), self.bias.detach().chunk(self._tasks)
        return GroupedNorm(1, weight[index], bias[index])

    def forward(self, rows_NF: Tensor, sizes: Sequence[int] | None) -> Tensor:
        """Return (N, width); `sizes` says how many of the rows are each task's, None that all are equal."""
        width = self.weight.shape[0] // self._tasks
        if self._tasks == 1:
            return functional.layer_norm(rows_NF, (width,), self.weight, self.bias, EPSILON)
        normal_NF = functional.layer_norm(rows_NF, (width,), None, None, EPSILON)
        own = self.weight.view(self._tasks, width), self.bias.view(self._tasks, width)
        return on_tasks(_scaled_and_shifted, sizes, normal_NF, *own)


class Block(nn.Module):
    """LayerNorm, ReLU, linear, each task with parameters of its own."""

    def __init__(self, norm: GroupedNorm, linear: GroupedLinear) -> None:
        super().__init__()
        self.norm = norm
        self.linear = linear


class GroupedMLP(nn.Module):
    """Blocks from `widths[0]` to `widths[-1]`, with a ReLU behind the last, for G tasks.

    LayerNorm keeps temporal-difference learning stable without a large target network (Gallici et al. 2024,
    "Simplifying Deep Temporal Difference Learning", section 3). A group of one treats all rows alike,
    whoever's they are: that is a trunk that all tasks share.

        mlp = GroupedMLP.initialised(2, [128, 64])
        features_NF = mlp(rows_NF, [8, 8])                    # rows 0 to 7 are the first task's
    """

    def __init__(self, blocks: Sequence[Block]) -> None:
        super().__init__()
        self.blocks: Sequence[Block] = nn.ModuleList(blocks)  # type: ignore[assignment]

    @classmethod
    def initialised(cls, tasks: int, widths: Sequence[int]) -> "GroupedMLP":
        """Return blocks whose norms do nothing and whose linear layers start as `nn.Linear`."""
        return cls(
            [
                Block(
                    GroupedNorm.initialised(tasks, width_in),
                    GroupedLinear.initialised(tasks, width_in, width_out),
                )
                for width_in, width_out in pairwise(widths)
            ]
        )

    @property
    def widths(self) -> list[int]:
        """Widths from the input to the output."""
        linears = [block.linear for block in self.blocks]
        return [linears[0].weight.shape[1], *(linear.outputs for linear in linears)]

    def of_task(self, index: int) -> "GroupedMLP":
        """Return the layers of one task, a group of one, in this one's memory."""
        return GroupedMLP([Block(b.norm.of_task(index), b.linear.of_task(index)) for b in self.blocks])

    def forward(
        self,
        rows_NF: Tensor,
        sizes: Sequence[int] | None,
        normal: Treatment | None = None,
        behind: Treatment | None = None,
    ) -> Tensor:
        """Return features (N, widths[-1]).

        Args:
            rows_NF: features of all tasks, task after task.
            sizes: how many of the rows are each task's; None that all have equally many.
            normal: what is done with the rows behind each norm.
            behind: what is done with the rows behind each linear layer.
        """
        features_NF = rows_NF
        for index, block in enumerate(self.blocks):
            features_NF = block.norm(features_NF, sizes)
            if normal is not None:
                features_NF = normal(features_NF, index)
            features_NF = block.linear(functional.relu(features_NF), sizes)
            if behind is not None:
                features_NF = behind(features_NF, index)
        return functional.relu(features_NF)


def _scaled_and_shifted(rows_kBF: Tensor, weight_kF: Tensor, bias_kF: Tensor) -> Tensor:
    return torch.addcmul(bias_kF.unsqueeze(1), rows_kBF, weight_kF.unsqueeze(1)).flatten(0, 1)
