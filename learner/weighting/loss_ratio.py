"""Weights from how fast each task's loss falls.

Shape letters: T tasks, in the order of the configuration.
"""

import torch
from torch import Tensor

from learner.task_gradients import SharedCopies
from learner.weighting.interface import TaskWeighting
from learner.weighting.memory import Count

WINDOW_UPDATES = 200
TEMPERATURE = 2.0
SMALL_LOSS = 1e-4
"""Added to mean losses: the ratio of two losses that are next to nothing should say next to nothing."""


class DynamicWeightAverage(TaskWeighting):
    """Liu et al. 2019, "End-to-End Multi-Task Learning with Attention", eq. 7 (DWA).

    lambda_i = T softmax_i(r_i / temperature), with r_i the mean loss of the last window of updates over that
    of the window before: a task whose loss falls slowly counts for more. Windows stand for the paper's
    epochs, which replay does not have. Weights are 1 until there are two windows.
    """

    sum_T: Tensor
    mean_before_T: Tensor
    next_weights_T: Tensor

    def __init__(self, num_tasks: int) -> None:
        super().__init__(torch.ones(num_tasks))
        self._updates = Count()
        self.register_buffer("sum_T", torch.zeros(num_tasks))
        self.register_buffer("mean_before_T", torch.zeros(num_tasks))
        self.register_buffer("next_weights_T", torch.ones(num_tasks))

    def backward(self, loss_T: Tensor, copies: SharedCopies | None) -> None:  # noqa: ARG002 - needs none
        """Set gradients of the weighted sum; at a window's end, choose the weights of the next."""
        self.weights_T = self.next_weights_T
        torch.autograd.backward(self.weights_T.dot(loss_T))
        self.sum_T += loss_T.detach()
        self._updates.value += 1
        if self._updates.value % WINDOW_UPDATES == 0:
            self._end_window()

    def _end_window(self) -> None:
        mean_T = self.sum_T / WINDOW_UPDATES + SMALL_LOSS
        if self._updates.value >= 2 * WINDOW_UPDATES:
            ratio_T = mean_T / self.mean_before_T
            self.next_weights_T = len(ratio_T) * torch.softmax(ratio_T / TEMPERATURE, 0)
        self.mean_before_T = mean_T
        self.sum_T = torch.zeros_like(mean_T)
