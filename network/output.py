"""What heads say of an action, and the value that it stands for.

Shape letters: N rows, A actions.
"""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from network.heads import DuelingHead, Head, LinearHead


class Output(nn.Module, ABC):
    """Makes heads, and reads values out of what they say.

    A kind of output is a subclass of one level in a module of its own.

        head = output.head(tasks=2, width=128, num_actions=3, dueling=False)
        q_NA = output(head(features_NF, [8, 8]))

    Args:
        shape: of what is said of one action; () for a single number.

    Attributes:
        shape: as given.
        adjustable: whether values become factor v + offset where all numbers y that heads say become
            factor y + offset.
    """

    adjustable = True

    def __init__(self, shape: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.shape = shape

    def head(self, tasks: int, width: int, num_actions: int, dueling: bool) -> Head:
        """Return the heads of so many tasks with equally many actions."""
        kind = DuelingHead if dueling else LinearHead
        return kind.initialised(tasks, width, num_actions, self.shape)

    @abstractmethod
    def forward(self, outputs: Tensor) -> Tensor:
        """Return the action values q_NA of what heads say: (N, A, *shape)."""


class Values(Output):
    """Heads say the values themselves."""

    def forward(self, outputs: Tensor) -> Tensor:
        """Return the outputs."""
        return outputs
