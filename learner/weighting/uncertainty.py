"""Weights from a learned variance of each task's loss.

Shape letters: T tasks, in the order of the configuration.
"""

import torch
from torch import Tensor

from learner.task_gradients import SharedCopies
from learner.weighting.interface import TaskWeighting
from learner.weighting.memory import Count, OwnAdam

LEARNING_RATE = 1e-3
LARGEST_LOG_VARIANCE = 2.0
WARM_UP_UPDATES = 1_000


class UncertaintyWeighting(TaskWeighting):
    """Kendall et al. 2018, "Multi-Task Learning Using Uncertainty to Weigh Losses", eq. 7 and section 3.2.

    Each task has a log variance s_i that descends 1/2 (e^-s_i L_i + s_i), and its loss the weight e^-s_i: in
    the long run 1 / L_i. A TD loss is no noise of a measurement, though: of a task that has not met a reward
    yet it is near zero, and its weight would grow without bound. Hence three departures: s_i stays within
    [-2, 2], weights are scaled to a mean of 1, and both begin after a warm-up with equal weights. The steps
    of the s_i are Adam's.
    """

    log_variance_T: Tensor

    def __init__(self, num_tasks: int) -> None:
        super().__init__(torch.ones(num_tasks))
        self._updates = Count()
        self._adam = OwnAdam(num_tasks, LEARNING_RATE)
        self.register_buffer("log_variance_T", torch.zeros(num_tasks))

    def backward(self, loss_T: Tensor, copies: SharedCopies | None) -> None:  # noqa: ARG002 - needs none
        """Set gradients of the weighted sum, then move the variances."""
        precision_T = torch.exp(-self.log_variance_T)
        self.weights_T = precision_T / precision_T.mean()
        torch.autograd.backward(self.weights_T.dot(loss_T))
        self._updates.value += 1
        if self._updates.value > WARM_UP_UPDATES:
            self._adam.step(self.log_variance_T, 0.5 * (1 - precision_T * loss_T.detach()))
            self.log_variance_T.clamp_(-LARGEST_LOG_VARIANCE, LARGEST_LOG_VARIANCE)
