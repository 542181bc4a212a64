"""Task weighting: from per-task losses to the gradients of one update.

Shape letters: T tasks.
"""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from network.multi_task import MultiTaskNetwork


class TaskWeighting(Protocol):
    """Fills the network's gradients from the losses of all tasks.

    It is given the network as well as the losses, so that a rule may treat the gradients of each task in
    `network.shared_parameters()` before they are added up.
    """

    def backward(self, losses_T: Tensor, network: MultiTaskNetwork) -> None:
        """Set `.grad` of every parameter."""


class FixedWeighting:
    """The sum of lambda_i L_i, with lambda from the configuration (linear scalarisation)."""

    def __init__(self, weights: Sequence[float], device: torch.device) -> None:
        self._weights_T = torch.tensor(weights, dtype=torch.float32, device=device)

    def backward(self, losses_T: Tensor, network: MultiTaskNetwork) -> None:  # noqa: ARG002 - needs no gradients
        """Set gradients of the weighted sum."""
        torch.autograd.backward(self._weights_T.dot(losses_T))
