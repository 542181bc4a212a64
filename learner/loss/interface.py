"""What the update knows of a loss.

Shape letters: N transitions of all tasks; S samples.
"""

from typing import Protocol

from torch import Tensor


class Loss(Protocol):
    """Says what to bootstrap from, and how far what was said of taken actions is from its target.

    Heads say (..., *shape) of actions, with the shape of the network's `Output`.

        next_values_N = loss.bootstrap(next_said_N)
        loss_N, error_N = loss(taken_N, targets_N)

    Attributes:
        reach: the largest |target| that it is meant for, in the unit of the network's values.
    """

    reach: float

    def bootstrap(self, said_N: Tensor) -> Tensor:
        """Return the value of the next state, (N,), or samples of what it may turn out to be, (N, S).

        Args:
            said_N: what the target network says of the chosen action there.
        """

    def __call__(self, taken_N: Tensor, targets_N: Tensor) -> tuple[Tensor, Tensor]:
        """Return losses with a graph, and TD errors, whose absolutes become priorities: (N,) each.

        Args:
            taken_N: what was said of the taken actions.
            targets_N: what that is worth, (N,) or (N, S) as `bootstrap` has it.
        """
