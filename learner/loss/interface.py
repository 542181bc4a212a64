"""What the update knows of a loss.

Shape letters: B transitions of a head's tasks, A actions; N transitions of all tasks; S samples.
"""

from typing import Protocol

from torch import Tensor


class Loss(Protocol):
    """Says what to bootstrap from, and how far what was said of taken actions is from its target.

    Heads say (..., *shape) of actions, with the shape of the network's `Output`.

        next_values_B = loss.bootstrap(target_outputs_BA, selector_q_BA)     # for each of the heads
        loss_N, error_N = loss(taken_N, targets_N)                           # for all of them at once

    Attributes:
        reach: the largest |target| that it is meant for, in the unit of the network's values.
    """

    reach: float

    def bootstrap(self, outputs_BA: Tensor, selector_q_BA: Tensor) -> Tensor:
        """Return the value of the next state, (B,), or samples of what it may turn out to be, (B, S).

        Args:
            outputs_BA: what the target network says there.
            selector_q_BA: action values that the action is chosen by.
        """

    def __call__(self, taken_N: Tensor, targets_N: Tensor) -> tuple[Tensor, Tensor]:
        """Return losses with a graph, and TD errors, whose absolutes become priorities: (N,) each.

        Args:
            taken_N: what was said of the taken actions.
            targets_N: what that is worth, (N,) or (N, S) as `bootstrap` has it.
        """
