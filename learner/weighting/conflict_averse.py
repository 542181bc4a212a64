"""Helping the task that an update helps least.

Shape letters: T tasks, in the order of the configuration.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

RADIUS = 0.4
"""c: how far from the mean gradient the update may be, over that one's length."""
RIDGE = 1e-6
"""Added to the diagonal: solvers want a definite matrix, and rounding leaves it just short."""
MOST_ROUNDS, CLOSE_ENOUGH = 50, 1e-6


def conflict_averse_weights(gramian_TT: Tensor) -> Tensor:
    """Return weights of CAGrad: Liu et al. 2021, "Conflict-Averse Gradient Descent", algorithm 1: (T,).

    The update is T (g_0 + c |g_0| g_w / |g_w|): of the mean gradient g_0, as the sum of losses has it, and of
    the mixture g_w = sum w_i g_i, w >= 0, sum w = 1, that minimises g_w . g_0 + c |g_0| |g_w|.

    Since |x| = min over t > 0 of (|x|^2 / t + t) / 2, attained at t = |x|, mixture and t are found in turns:
    a quadratic programme for w, then t = |g_w|. The whole is convex in both.

    Raises:
        ValueError: the solver finds no solution.
    """
    from quadprog import solve_qp  # in an extra

    tasks = len(gramian_TT)
    product_TT = gramian_TT.double().numpy() + RIDGE * np.eye(tasks)
    with_mean_T = product_TT.mean(1)
    slack = RADIUS * np.sqrt(with_mean_T.mean())
    simplex = np.hstack([np.ones((tasks, 1)), np.eye(tasks)]), np.eye(1, tasks + 1)[0]
    mixture_T = np.full(tasks, 1 / tasks)
    length = _length(product_TT, mixture_T)
    for _ in range(MOST_ROUNDS):
        mixture_T = solve_qp(slack / length * product_TT, -with_mean_T, *simplex, 1)[0]
        before, length = length, _length(product_TT, mixture_T)
        if abs(length - before) <= CLOSE_ENOUGH * before:
            break
    return torch.from_numpy(1 + tasks * slack / length * mixture_T).float()


def _length(product_TT: NDArray[np.float64], mixture_T: NDArray[np.float64]) -> float:
    return float(np.sqrt(mixture_T @ product_TT @ mixture_T))
