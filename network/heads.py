"""Heads of a group of tasks with equally many actions: from features to one value an action.

Shape letters: N rows of all tasks of the group, task after task; A actions, F features.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from network.grouped import GroupedLinear


class LinearHead(nn.Module):
    """Features (N, width) -> action values (N, num_actions)."""

    def __init__(self, values: GroupedLinear) -> None:
        super().__init__()
        self.values = values

    @classmethod
    def initialised(cls, tasks: int, width: int, num_actions: int) -> "LinearHead":
        """Return the heads of so many tasks."""
        return cls(GroupedLinear.initialised(tasks, width, num_actions))

    def of_task(self, index: int) -> "LinearHead":
        """Return the head of one task, in this module's memory."""
        return LinearHead(self.values.of_task(index))

    def forward(self, features_NF: Tensor, sizes: Sequence[int]) -> Tensor:
        """Return q_NA; `sizes` says how many of the rows are each task's."""
        q_NA: Tensor = self.values(features_NF, sizes)
        return q_NA


class DuelingHead(nn.Module):
    """A state value plus centred advantages (Wang et al. 2016, "Dueling Network Architectures", eq. 9)."""

    def __init__(self, value: GroupedLinear, advantage: GroupedLinear) -> None:
        super().__init__()
        self.value = value
        self.advantage = advantage

    @classmethod
    def initialised(cls, tasks: int, width: int, num_actions: int) -> "DuelingHead":
        """Return the heads of so many tasks."""
        value = GroupedLinear.initialised(tasks, width, 1)
        return cls(value, GroupedLinear.initialised(tasks, width, num_actions))

    def of_task(self, index: int) -> "DuelingHead":
        """Return the head of one task, in this module's memory."""
        return DuelingHead(self.value.of_task(index), self.advantage.of_task(index))

    def forward(self, features_NF: Tensor, sizes: Sequence[int]) -> Tensor:
        """Return q_NA; `sizes` says how many of the rows are each task's."""
        advantage_NA: Tensor = self.advantage(features_NF, sizes)
        value_N1: Tensor = self.value(features_NF, sizes)
        return value_N1 + advantage_NA - advantage_NA.mean(dim=1, keepdim=True)
