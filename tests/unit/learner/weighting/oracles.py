"""Combinations of gradients as their papers have them, on the gradients themselves and slowly.

Shape letters: T tasks, P parameters; all on the scale of the sum of gradients.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Matrix = NDArray[np.float64]


def pcgrad(gradient_TP: Matrix, orders: Sequence[Sequence[int]]) -> Matrix:
    """Return what algorithm 1 of Yu et al. 2020 makes of gradients, visited in these orders."""
    total = np.zeros(gradient_TP.shape[1])
    for own, order in enumerate(orders):
        projected = gradient_TP[own].copy()
        for other in order:
            inner = projected @ gradient_TP[other]
            if other != own and inner < 0:
                projected -= inner / (gradient_TP[other] @ gradient_TP[other]) * gradient_TP[other]
        total += projected
    return total


def imtl_g(gradient_TP: Matrix) -> Matrix:
    """Return the combination with weights of sum T whose projections on all gradients are equal."""
    tasks = len(gradient_TP)
    unit_TP = gradient_TP / np.linalg.norm(gradient_TP, axis=1, keepdims=True)
    system = np.vstack([(unit_TP[:1] - unit_TP[1:]) @ gradient_TP.T, np.ones((1, tasks))])
    weights = np.linalg.solve(system, np.r_[np.zeros(tasks - 1), tasks])
    return weights @ gradient_TP


def aligned_mtl(gradient_TP: Matrix) -> Matrix:
    """Return the sum of the nearest orthogonal gradients, all as long as the least singular value."""
    left, values, right = np.linalg.svd(gradient_TP, full_matrices=False)
    return (values.min() * left @ right).sum(0)


def cagrad(gradient_TP: Matrix, radius: float) -> Matrix:
    """Return T d, with d the best worst inner product within a ball around the mean gradient, eq. 3."""
    tasks = len(gradient_TP)
    mean = gradient_TP.mean(0)
    bound = radius * np.linalg.norm(mean)

    def dual(mixture: Matrix) -> float:
        combined = mixture @ gradient_TP
        return float(combined @ mean + bound * np.linalg.norm(combined))

    simplex = {"type": "eq", "fun": lambda mixture: mixture.sum() - 1}
    starts = np.vstack([np.full(tasks, 1 / tasks), 0.9 * np.eye(tasks) + 0.1 / tasks])
    found = [
        minimize(dual, start, bounds=[(0, 1)] * tasks, constraints=simplex, options={"ftol": 1e-14})
        for start in starts
    ]
    combined = min(found, key=lambda result: float(result.fun)).x @ gradient_TP
    return tasks * (mean + bound * combined / np.linalg.norm(combined))
