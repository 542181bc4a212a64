"""A trunk a task: nothing shared, or pulled together.

Shape letters: T tasks, N rows of all of them, task after task.
"""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from network.groups import group_key
from network.images import Width
from network.mlp import GroupedMLP
from network.trunk import Trunk


class SeparateTrunk(Trunk):
    """As many multi-layer perceptrons as tasks; all of them run in one batched pass.

    With a `pull` c > 0 they are shared softly: c/2 times the sum over tasks of the squared distance between a
    task's parameters and the mean of all tasks' is added to the loss (Evgeniou and Pontil 2004, "Regularized
    Multi-Task Learning", eq. 10; for deep networks Duong et al. 2015).
    """

    def __init__(self, names: Sequence[str], columns: GroupedMLP, pull: float) -> None:
        super().__init__()
        self._names = list(names)
        self._pull = pull
        self.columns = nn.ModuleDict({group_key(names): columns})

    @classmethod
    def initialised(cls, names: Sequence[str], widths: Sequence[Width], pull: float = 0.0) -> "SeparateTrunk":
        """Return trunks that start apart."""
        return cls(names, GroupedMLP.initialised(len(names), widths), pull)

    @property
    def _all(self) -> GroupedMLP:
        (columns,) = self.columns.values()
        return cast("GroupedMLP", columns)

    def forward(self, rows_NF: Tensor, sizes: Sequence[int]) -> Tensor:
        """Return features, each task's from its own trunk."""
        features_NF: Tensor = self._all(rows_NF, sizes)
        return features_NF

    def of_task(self, index: int) -> nn.Module:
        """Return one task's trunk."""
        return SeparateTrunk([self._names[index]], self._all.of_task(index), 0.0)

    def shared(self) -> dict[str, nn.Parameter]:
        """Return nothing: a pull is no task's loss."""
        return {}

    def penalty(self) -> Tensor | None:
        """Return the pull on the parameters, a scalar."""
        if not self._pull:
            return None
        tasks = len(self._names)
        spread = [
            torch.var(parameter.view(tasks, -1), dim=0, correction=0).sum()
            for parameter in self._all.parameters()
        ]
        return 0.5 * self._pull * tasks * torch.stack(spread).sum()
