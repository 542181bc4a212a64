"""Losses of the TD error, for heads that say values.

Shape letters: B transitions, A actions; N transitions of all tasks.
"""

from collections.abc import Callable

from torch import Tensor

from learner.td import bootstrap_values


class ErrorLoss:
    """A function of the TD error of each transition.

        loss = ErrorLoss(huber_loss)
        loss_N, error_N = loss(values_N, targets_N)

    Args:
        function: TD errors (N,) -> losses (N,).
    """

    reach = 10.0
    """No target is too large; this is where the largest lie if the unit can be chosen."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        self._function = function

    def bootstrap(self, outputs_BA: Tensor, selector_q_BA: Tensor) -> Tensor:
        """Return the chosen action's value: (B,)."""
        return bootstrap_values(outputs_BA, selector_q_BA)

    def __call__(self, taken_N: Tensor, targets_N: Tensor) -> tuple[Tensor, Tensor]:
        """Return losses and TD errors."""
        error_N = targets_N - taken_N
        return self._function(error_N), error_N
