"""Multi-layer perceptrons of several tasks in one call; their first layers may be convolutions.

Shape letters: G tasks of a group, N rows of all of them, task after task.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from network.convolution import GroupedConvolution
from network.grouped import GroupedLinear, on_tasks
from network.images import Maps, Width, features

EPSILON = 1e-5
"""Added to variances, as `nn.LayerNorm` does."""

Treatment = Callable[[Tensor, int], Tensor]
"""From rows and the index of a layer to rows of the same shape."""


class GroupedNorm(nn.Module):
    """`nn.LayerNorm` of G tasks: scales and shifts (width,) one after another, (G width,) each."""

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
        return self.apart(rows_NF, sizes, self.weight.view(-1, width), self.bias.view(-1, width))

    def apart(
        self, rows_NF: Tensor, sizes: Sequence[int] | None, weight_GF: Tensor, bias_GF: Tensor
    ) -> Tensor:
        """Return (N, width) of parameters that are given, a slice a task."""
        normal_NF = functional.layer_norm(rows_NF, weight_GF.shape[1:], None, None, EPSILON)
        return on_tasks(_scaled_and_shifted, sizes, normal_NF, weight_GF, bias_GF)


Layer = GroupedNorm | GroupedLinear | GroupedConvolution


class Block(nn.Module):
    """LayerNorm, ReLU, linear or convolution, each task with parameters of its own."""

    def __init__(self, norm: GroupedNorm, linear: GroupedLinear | GroupedConvolution) -> None:
        super().__init__()
        self.norm = norm
        self.linear = linear

    @classmethod
    def initialised(cls, tasks: int, width_in: Width, width_out: Width) -> "Block":
        """Return a norm that does nothing, and a linear layer from features or a convolution from maps."""
        norm = GroupedNorm.initialised(tasks, features(width_in))
        if isinstance(width_in, Maps) and isinstance(width_out, Maps):
            return cls(norm, GroupedConvolution.initialised(tasks, width_in, width_out))
        return cls(norm, GroupedLinear.initialised(tasks, features(width_in), features(width_out)))

    def of_task(self, index: int) -> "Block":
        """Return the block of one task, a group of one, in this one's memory."""
        return Block(self.norm.of_task(index), self.linear.of_task(index))


class GroupedMLP(nn.Module):
    """Blocks from `widths[0]` to `widths[-1]`, with a ReLU after the last, for G tasks.

    LayerNorm keeps temporal-difference learning stable without a large target network (Gallici et al. 2024,
    "Simplifying Deep Temporal Difference Learning", section 3). A group of one treats all rows alike,
    whoever's they are: that is a trunk that all tasks share. From maps to maps a block is a convolution; its
    rows are as flat as any, and so are its norms, over all maps together.

        mlp = GroupedMLP.initialised(2, [128, 64])
        features_NF = mlp(rows_NF, [8, 8])                    # rows 0 to 7 are the first task's

    Attributes:
        widths: from the input to the output.
    """

    def __init__(self, blocks: Sequence[Block], widths: Sequence[Width]) -> None:
        super().__init__()
        self.widths = tuple(widths)
        self.blocks: Sequence[Block] = nn.ModuleList(blocks)  # type: ignore[assignment]

    @classmethod
    def initialised(cls, tasks: int, widths: Sequence[Width]) -> "GroupedMLP":
        """Return blocks whose norms do nothing and whose linear layers start as `nn.Linear`."""
        return cls([Block.initialised(tasks, *ends) for ends in pairwise(widths)], widths)

    def of_task(self, index: int) -> "GroupedMLP":
        """Return the layers of one task, a group of one, in this one's memory."""
        return GroupedMLP([block.of_task(index) for block in self.blocks], self.widths)

    def forward(
        self,
        rows_NF: Tensor,
        sizes: Sequence[int] | None,
        normal: Treatment | None = None,
        after: Treatment | None = None,
        copies: Mapping[str, Tensor] | None = None,
    ) -> Tensor:
        """Return features (N, widths[-1]).

        Args:
            rows_NF: features of all tasks, task after task.
            sizes: how many of the rows are each task's; None that all have equally many.
            normal: what is done with the rows after each norm.
            after: what is done with the rows after each linear layer.
            copies: (tasks, *shape) of each parameter by its name, in place of the parameters.
        """

        def through(layer: Layer, name: str, rows_NF: Tensor) -> Tensor:
            if copies is None:
                made_NF: Tensor = layer(rows_NF, sizes)
                return made_NF
            return layer.apart(rows_NF, sizes, copies[f"{name}.weight"], copies[f"{name}.bias"])

        features_NF = rows_NF
        for index, block in enumerate(self.blocks):
            features_NF = through(block.norm, f"blocks.{index}.norm", features_NF)
            if normal is not None:
                features_NF = normal(features_NF, index)
            features_NF = through(block.linear, f"blocks.{index}.linear", functional.relu(features_NF))
            if after is not None:
                features_NF = after(features_NF, index)
        return functional.relu(features_NF)


def _scaled_and_shifted(rows_kBF: Tensor, weight_kF: Tensor, bias_kF: Tensor) -> Tensor:
    return torch.addcmul(bias_kF.unsqueeze(1), rows_kBF, weight_kF.unsqueeze(1)).flatten(0, 1)
