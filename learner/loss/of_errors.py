"""Losses of the TD error, for heads that say values.

Shape letters: N transitions of all tasks.
"""

from collections.abc import Callable

from torch import Tensor


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

    def bootstrap(self, said_N: Tensor) -> Tensor:
        """Return the chosen action's value: (N,)."""
        return said_N

    def __call__(self, taken_N: Tensor, targets_N: Tensor) -> tuple[Tensor, Tensor]:
        """Return losses and TD errors."""
        error_N = targets_N - taken_N
        return self._function(error_N), error_N
