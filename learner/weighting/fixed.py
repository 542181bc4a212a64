"""Weights that do not change."""

from collections.abc import Sequence

import torch
from torch import Tensor

from learner.task_gradients import SharedCopies
from learner.weighting.interface import TaskWeighting


class FixedWeighting(TaskWeighting):
    """The sum of lambda_i L_i, with lambda from the configuration (linear scalarisation)."""

    weights_T: Tensor

    def __init__(self, weights: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("weights_T", torch.tensor(weights, dtype=torch.float32), persistent=False)

    def backward(self, loss_T: Tensor, copies: SharedCopies | None) -> None:  # noqa: ARG002 - needs none
        """Set gradients of the weighted sum."""
        torch.autograd.backward(self.weights_T.dot(loss_T))
