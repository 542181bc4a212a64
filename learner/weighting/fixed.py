"""Weights that do not change.

Shape letters: T tasks, in the order of the configuration.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from learner.task_gradients import SharedCopies
from learner.weighting.interface import TaskWeighting


class FixedWeighting(TaskWeighting):
    """The sum of lambda_i L_i, with lambda from the configuration (linear scalarisation).

    With ones it is the plain sum, which tuned well holds against the methods beside it (Kurin et al. 2022,
    "In Defense of the Unitary Scalarization for Deep Multi-Task Learning").
    """

    def __init__(self, weights: Sequence[float]) -> None:
        super().__init__(torch.tensor(weights))

    def backward(self, loss_T: Tensor, copies: SharedCopies | None) -> None:  # noqa: ARG002 - needs none
        """Set gradients of the weighted sum."""
        torch.autograd.backward(self.weights_T.dot(loss_T))
