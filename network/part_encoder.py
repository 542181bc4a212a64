"""What an encoder of one part of observations is."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import Tensor, nn


class PartEncoder(nn.Module, ABC):
    """Brings one part of the observations of G tasks to the width that the trunk takes.

    A kind is a subclass of one level in a module of its own, with a class method `initialised(alike, width)`,
    which takes the part of each of the tasks.
    """

    @abstractmethod
    def of_task(self, index: int) -> "PartEncoder":
        """Return the encoder of one task, in this encoder's memory."""

    def observe(self, observations: Sequence[Tensor]) -> None:
        """Let a scale that follows what is seen learn of one batch a task; most encoders have none."""

    @abstractmethod
    def forward(self, observations: Sequence[Tensor]) -> Tensor:
        """Return features (N, width) of one batch a task, each of shape (B, *shape of the part)."""
