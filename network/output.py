"""What heads say of the choices that an action consists of, and the value that it stands for.

Shape letters: N rows; A choices of all dimensions of an action, D dimensions.
"""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from network.heads import DuelingHead, Head, LinearHead
from tasks.choices import Choices


class Output(nn.Module, ABC):
    """Makes heads, and reads values out of what they say.

    A kind of output is a subclass of one level in a module of its own.

        head = output.head(tasks=2, width=128, choices=Choices((3, 3)), dueling=False)
        outputs = head(features_NF, [8, 8])
        q_NA = output(outputs)
        said_N = output.joint(said_of(action_ND, outputs))        # of whole actions

    Args:
        shape: of what is said of one choice; () for a single number.

    Attributes:
        shape: as given.
        adjustable: whether values become factor v + offset where all numbers y that heads say become
            factor y + offset.
    """

    adjustable = True

    def __init__(self, shape: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.shape = shape

    def head(self, tasks: int, width: int, choices: Choices, dueling: bool) -> Head:
        """Return the heads of so many tasks with the same choices."""
        kind = DuelingHead if dueling else LinearHead
        return kind.initialised(tasks, width, choices, self.shape)

    @abstractmethod
    def forward(self, outputs: Tensor) -> Tensor:
        """Return the value of each choice, q_NA, of what heads say: (N, A, *shape)."""

    def joint(self, said_ND: Tensor) -> Tensor:
        """Return what is said of whole actions, (N, *shape), given that of their choices, (N, D, *shape).

        Its value is the mean of theirs (Seyde et al. 2023, "Solving Continuous Control via Q-learning",
        eq. 4).
        """
        return said_ND.squeeze(1) if said_ND.shape[1] == 1 else self._joined(said_ND)

    @abstractmethod
    def _joined(self, said_ND: Tensor) -> Tensor:
        """Do what `joint` does for several dimensions."""


class Values(Output):
    """Heads say the values themselves."""

    def forward(self, outputs: Tensor) -> Tensor:
        """Return the outputs."""
        return outputs

    def _joined(self, said_ND: Tensor) -> Tensor:
        return said_ND.mean(1)
