"""Temporal-difference learning as pure functions.

Shape letters: B transitions; T tasks, N transitions of all of them.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from network.grouped import on_tasks


def td_targets(reward_n_B: Tensor, discount_n_B: Tensor, bootstrap_B: Tensor) -> Tensor:
    """Return r + discount * bootstrap, what a taken action should be worth: (B,).

    Watkins and Dayan 1992; over n steps: Sutton and Barto 2018, eq. 7.1.
    """
    return torch.addcmul(reward_n_B, discount_n_B, bootstrap_B)


def huber_loss(td_error_B: Tensor) -> Tensor:
    """Return 0.5 e^2 where |e| <= 1, |e| - 0.5 elsewhere (Huber 1964; Mnih et al. 2015): (B,)."""
    return functional.smooth_l1_loss(td_error_B, torch.zeros_like(td_error_B), reduction="none")


def squared_loss(td_error_B: Tensor) -> Tensor:
    """Return 0.5 e^2: (B,)."""
    return 0.5 * td_error_B.square()


def task_means(values_N: Tensor, sizes: Sequence[int]) -> Tensor:
    """Return the mean over each task's rows, of which there are `sizes`, task after task: (T,)."""
    return on_tasks(lambda values_kB: values_kB.mean(1), sizes, values_N)


def importance_weights(
    probability_B: NDArray[np.float64], num_items: int, exponent: float
) -> NDArray[np.float32]:
    """Return (1 / (N p))^exponent over its maximum in the batch: (B,) (Schaul et al. 2016, section 3.4).

    `probability_B` is an item's chance within its task, over all shards, and `num_items` is N, the task's
    items on all of them. The task mixture is a choice and not a sampling error, so P(task) stays out, and
    the maximum is the task's own: the loss weights alone say how tasks compare.
    """
    # N cancels. It is 0 if the only shard was lost after it had delivered these items.
    weights_B = (max(num_items, 1) * probability_B) ** -exponent
    return np.asarray(weights_B / weights_B.max(), np.float32)


def annealed(start: float, end: float, steps: int, learner_step: int) -> float:
    """Return a number between `start` and `end`, linear over `steps` updates and `end` from there on."""
    fraction = min(learner_step / steps, 1.0) if steps else 1.0
    return start + fraction * (end - start)
