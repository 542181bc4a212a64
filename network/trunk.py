"""What stands between encoders and heads: the interface of every way of sharing."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call


class Trunk(nn.Module, ABC):
    """Maps features of all tasks to features, with parameters that tasks share, or have of their own.

    The rows of all tasks lie one task after another, `sizes` says how many are each task's.

        features_NF = trunk(rows_NF, [32, 32])
        features_BF = trunk.of_task(1)(rows_BF, [32])

    A way of sharing is a subclass of one level in a module of its own. Parameters of one task lie in modules
    under a `group_key`.
    """

    @abstractmethod
    def forward(self, rows_NF: Tensor, sizes: Sequence[int]) -> Tensor:
        """Return features (N, width out) of rows (N, width in)."""

    @abstractmethod
    def of_task(self, index: int) -> nn.Module:
        """Return a module of the same call for the rows of one task alone, in this trunk's memory.

        Its parameters have the names that `task_views` gives them.
        """

    @abstractmethod
    def shared(self) -> dict[str, nn.Parameter]:
        """Return, by name, the parameters with values that more than one task's loss reaches."""

    def penalty(self) -> Tensor | None:
        """Return what is added to the losses of every update, or None for nothing."""
        return None

    def apart(self, rows_NF: Tensor, sizes: Sequence[int], copies: Mapping[str, Tensor]) -> Tensor:
        """Return what `forward` does, each task with a copy of its own of what is shared.

        The gradients of the copies are those of each task alone, from one backward pass in which every row
        takes part once.

        Args:
            rows_NF: features of all tasks.
            sizes: how many of the rows are each task's.
            copies: (T, *shape) for each of `shared`, one slice a task.
        """
        parts = []
        for index, rows_BF in enumerate(rows_NF.split_with_sizes(list(sizes))):
            own = {name: copy[index] for name, copy in copies.items()}
            alone = [size if position == index else 0 for position, size in enumerate(sizes)]
            parts.append(functional_call(self, own, (rows_BF, alone)))
        return torch.cat(parts)
