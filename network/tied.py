"""Ends that tasks share: one encoder and one head for tasks that look and act alike.

Such a network cannot tell its tasks apart, unless the trunk is told (`HardTrunk`). It is the far end of
sharing, at its worst where tasks contradict each other.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from network.grouped import joined
from network.heads import Head
from network.part_encoder import PartEncoder
from network.parts_encoder import PartsEncoder

TIED = "tied"
"""Key of such a module, where others have a `group_key`."""


class TiedEncoder(nn.Module):
    """The encoder of one task, for all of them."""

    def __init__(self, one: PartEncoder | PartsEncoder) -> None:
        super().__init__()
        self.one = one

    def of_task(self, index: int) -> "TiedEncoder":  # noqa: ARG002 - all have the same
        """Return the encoder, in this one's memory."""
        return TiedEncoder(self.one.of_task(0))

    def observe(self, observations: Sequence[Tensor]) -> None:
        """Let a scale that follows what is seen learn of all tasks alike."""
        self.one.observe([joined(observations)])

    def forward(self, observations: Sequence[Tensor]) -> Tensor:
        """Return features of one batch a task, the rows of the tasks one after another."""
        features_NF: Tensor = self.one([joined(observations)])
        return features_NF


class TiedHead(nn.Module):
    """The head of one task, for all of them."""

    def __init__(self, one: Head) -> None:
        super().__init__()
        self.one = one

    def of_task(self, index: int) -> "TiedHead":  # noqa: ARG002 - all have the same
        """Return the head, in this one's memory."""
        return TiedHead(self.one.of_task(0))

    def forward(self, features_NF: Tensor, sizes: Sequence[int]) -> Tensor:  # noqa: ARG002 - all rows alike
        """Return what the head says of all rows."""
        outputs: Tensor = self.one(features_NF, [features_NF.shape[0]])
        return outputs
