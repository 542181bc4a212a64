"""Heads of a group of tasks with the same choices: from features to one output a choice.

An output is a single number, or several: `Output` says how many and what they stand for.

Shape letters: N rows of all tasks of the group, task after task; G tasks of the group; A choices of all
dimensions of an action, D dimensions; F features.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor, nn

from network.grouped import GroupedLinear
from tasks.choices import Choices


class Head(nn.Module, ABC):
    """Features (N, width) -> outputs (N, A, *shape)."""

    @abstractmethod
    def of_task(self, index: int) -> "Head":
        """Return the head of one task, in this module's memory."""

    @abstractmethod
    def adjust(self, factor_G: Tensor, offset_G: Tensor) -> None:
        """Turn every number y that is said of a task into factor y + offset, by the parameters, in place."""

    @abstractmethod
    def forward(self, features_NF: Tensor, sizes: Sequence[int]) -> Tensor:
        """Return outputs; `sizes` says how many of the rows are each task's."""


class LinearHead(Head):
    """Outputs are linear in the features."""

    def __init__(self, values: GroupedLinear, shape: tuple[int, ...] = ()) -> None:
        super().__init__()
        self._shape = shape
        self.values = values

    @classmethod
    def initialised(
        cls, tasks: int, width: int, choices: Choices, shape: tuple[int, ...] = ()
    ) -> "LinearHead":
        """Return the heads of so many tasks."""
        return cls(GroupedLinear.initialised(tasks, width, choices.total * prod(shape)), shape)

    def of_task(self, index: int) -> "LinearHead":
        """Return the head of one task, in this module's memory."""
        return LinearHead(self.values.of_task(index), self._shape)

    def adjust(self, factor_G: Tensor, offset_G: Tensor) -> None:
        """Turn every output y of a task into factor y + offset, by its parameters, in place."""
        self.values.adjust(factor_G, offset_G)

    def forward(self, features_NF: Tensor, sizes: Sequence[int]) -> Tensor:
        """Return outputs; `sizes` says how many of the rows are each task's."""
        outputs: Tensor = self.values(features_NF, sizes)
        return torch.unflatten(outputs, 1, (-1, *self._shape)) if self._shape else outputs


class DuelingHead(Head):
    """A state value plus centred advantages (Wang et al. 2016, "Dueling Network Architectures", eq. 9).

    Several numbers a choice, such as logits over bins, are added up one by one (Hessel et al. 2018,
    "Rainbow", section 3). Advantages are centred in each dimension of the action, and all dimensions have the
    same state value.
    """

    def __init__(
        self, value: GroupedLinear, advantage: GroupedLinear, choices: Choices, shape: tuple[int, ...] = ()
    ) -> None:
        super().__init__()
        self._choices = choices
        self._shape = shape
        self.value = value
        self.advantage = advantage

    @classmethod
    def initialised(
        cls, tasks: int, width: int, choices: Choices, shape: tuple[int, ...] = ()
    ) -> "DuelingHead":
        """Return the heads of so many tasks."""
        value = GroupedLinear.initialised(tasks, width, prod(shape))
        advantage = GroupedLinear.initialised(tasks, width, choices.total * prod(shape))
        return cls(value, advantage, choices, shape)

    def of_task(self, index: int) -> "DuelingHead":
        """Return the head of one task, in this module's memory."""
        return DuelingHead(
            self.value.of_task(index), self.advantage.of_task(index), self._choices, self._shape
        )

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
        if self._shape:
            advantage = torch.unflatten(advantage, 1, (-1, *self._shape))
            value = torch.unflatten(value, 1, (1, *self._shape))
        if not self._choices.shape:
            return value + advantage - advantage.mean(dim=1, keepdim=True)
        ends = zip(self._choices.first.tolist(), self._choices.sizes, strict=True)
        parts = [advantage[:, begin : begin + size] for begin, size in ends]
        centred = [part - part.mean(dim=1, keepdim=True) for part in parts]
        return value + torch.cat(centred, dim=1)
