"""Weights under which all losses fall at the same rate.

Shape letters: T tasks, in the order of the configuration.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from learner.task_gradients import SharedCopies
from learner.weighting.interface import TaskWeighting
from learner.weighting.memory import OwnAdam

LEARNING_RATE = 0.025
DECAY = 1e-3
SMALL_LOSS = 1e-4
"""Added to losses, which have to be positive: a task whose TD loss is zero would take all weight."""


class FamoWeighting(TaskWeighting):
    """Liu et al. 2023, "FAMO: Fast Adaptive Multitask Optimization", algorithm 1.

    Weights are c z_i / L_i with z = softmax(xi) and c such that they sum to 1, here to T. After the update xi
    follows how much each log loss fell: xi -= beta (J^T delta + gamma xi), with J that of the softmax and
    delta_i = log L_i(before) - log L_i(after); as in the authors' code the step is Adam's. It costs a forward
    pass of the same batches, and no gradients of single tasks.
    """

    logits_T: Tensor

    def __init__(self, num_tasks: int) -> None:
        super().__init__(torch.ones(num_tasks))
        self._adam = OwnAdam(num_tasks, LEARNING_RATE)
        self._log_loss_T = torch.zeros(num_tasks)
        self.register_buffer("logits_T", torch.zeros(num_tasks))

    def backward(self, loss_T: Tensor, copies: SharedCopies | None) -> None:  # noqa: ARG002 - needs none
        """Set gradients of the weighted sum."""
        positive_T = loss_T.detach() + SMALL_LOSS
        share_T = torch.softmax(self.logits_T, 0) / positive_T
        self.weights_T = share_T / share_T.mean()
        self._log_loss_T = positive_T.log()
        torch.autograd.backward(self.weights_T.dot(loss_T))

    @torch.no_grad()
    def after_update(self, losses_again: Callable[[], Tensor]) -> None:
        """Move the logits by what the losses of the same batches became."""
        fall_T = self._log_loss_T - (losses_again() + SMALL_LOSS).log()
        share_T = torch.softmax(self.logits_T, 0)
        gradient_T = share_T * (fall_T - share_T.dot(fall_T))
        self._adam.step(self.logits_T, gradient_T + DECAY * self.logits_T)
