"""Heads of a group of tasks with equally many actions: from features to one output an action.

An output is the action's value, or, of a categorical head, K logits over the bins of a `Support`.

Shape letters: N rows of all tasks of the group, task after task; G tasks of the group; A actions, F features,
K bins.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from network.grouped import GroupedLinear


class LinearHead(nn.Module):
    """Features (N, width) -> outputs (N, A), or logits (N, A, K)."""

    def __init__(self, values: GroupedLinear, bins: int | None = None) -> None:
        super().__init__()
        self._bins = bins
        self.values = values

    @classmethod
    def initialised(cls, tasks: int, width: int, num_actions: int, bins: int | None = None) -> "LinearHead":
        """Return the heads of so many tasks, categorical if there are bins."""
        return cls(GroupedLinear.initialised(tasks, width, num_actions * (bins or 1)), bins)

    def of_task(self, index: int) -> "LinearHead":
        """Return the head of one task, in this module's memory."""
        return LinearHead(self.values.of_task(index), self._bins)

    def adjust(self, factor_G: Tensor, offset_G: Tensor) -> None:
        """Turn every output y of a task into factor y + offset, by its parameters, in place."""
        self.values.adjust(factor_G, offset_G)

    def forward(self, features_NF: Tensor, sizes: Sequence[int]) -> Tensor:
        """Return outputs; `sizes` says how many of the rows are each task's."""
        outputs: Tensor = self.values(features_NF, sizes)
        return outputs if self._bins is None else torch.unflatten(outputs, 1, (-1, self._bins))


class DuelingHead(nn.Module):
    """A state value plus centred advantages (Wang et al. 2016, "Dueling Network Architectures", eq. 9).

    With bins it is the logits that are added up, bin by bin (Hessel et al. 2018, "Rainbow", section 3).
    """

    def __init__(self, value: GroupedLinear, advantage: GroupedLinear, bins: int | None = None) -> None:
        super().__init__()
        self._bins = bins
        self.value = value
        self.advantage = advantage

    @classmethod
    def initialised(cls, tasks: int, width: int, num_actions: int, bins: int | None = None) -> "DuelingHead":
        """Return the heads of so many tasks, categorical if there are bins."""
        value = GroupedLinear.initialised(tasks, width, bins or 1)
        return cls(value, GroupedLinear.initialised(tasks, width, num_actions * (bins or 1)), bins)

    def of_task(self, index: int) -> "DuelingHead":
        """Return the head of one task, in this module's memory."""
        return DuelingHead(self.value.of_task(index), self.advantage.of_task(index), self._bins)

    def adjust(self, factor_G: Tensor, offset_G: Tensor) -> None:
        """Turn every output y of a task into factor y + offset, by its parameters, in place.

        The factor goes to both streams, the offset to the state value: advantages are centred.
        """
        self.value.adjust(factor_G, offset_G)
        self.advantage.adjust(factor_G, offset_G * 0)

    def forward(self, features_NF: Tensor, sizes: Sequence[int]) -> Tensor:
        """Return outputs; `sizes` says how many of the rows are each task's."""
        advantage: Tensor = self.advantage(features_NF, sizes)
        value: Tensor = self.value(features_NF, sizes)
        if self._bins is not None:
            advantage, value = torch.unflatten(advantage, 1, (-1, self._bins)), value.unsqueeze(1)
        return value + advantage - advantage.mean(dim=1, keepdim=True)
