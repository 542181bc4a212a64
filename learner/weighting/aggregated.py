"""Gradients of each task alone, combined where tasks share parameters.

Shape letters: T tasks, in the order of the configuration; P shared parameters, one after another.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.linalg import LinAlgError  # type: ignore[attr-defined]

from learner.task_gradients import SharedCopies
from learner.weighting.interface import TaskWeighting
from learner.weighting.memory import Count

GramianWeights = Callable[[Tensor], Tensor]
"""From inner products of the tasks' gradients (T, T), finite and of trace 1, to their weights (T,)."""


class AggregatedGradients(TaskWeighting):
    """A combination of the tasks' gradients in what they share; elsewhere each task keeps its own gradient.

    All methods here read the gradients' inner products alone: T x T numbers, which go to the CPU, whatever
    the network's size. They are given over their trace, since methods differ in what they take for zero.

    Where a method finds no weights, because the products are not finite or its solver fails, that update
    takes the plain sum: weights of 1.
    """

    treats_gradients = True

    def __init__(self, weights_of: GramianWeights, num_tasks: int) -> None:
        super().__init__(torch.ones(num_tasks))
        self.weights_of = weights_of
        self._plain_sums = Count()

    @property
    def plain_sums(self) -> int:
        """Updates that took the plain sum."""
        return self._plain_sums.value

    def backward(self, loss_T: Tensor, copies: SharedCopies | None) -> None:
        """Set gradients: through the copies for what is shared, directly for the rest."""
        assert copies is not None
        torch.autograd.backward(loss_T.sum())
        gradient_TP = copies.gradients()
        self.weights_T = self._weights(gradient_TP).to(gradient_TP)
        copies.assign(self.weights_T @ gradient_TP)

    def _weights(self, gradient_TP: Tensor) -> Tensor:
        gramian_TT = (gradient_TP @ gradient_TP.mT).cpu()
        trace = float(gramian_TT.trace())
        if trace == 0.0:  # all gradients are zero, and so is any combination
            return torch.ones(len(gramian_TT))
        try:
            weights_T = self.weights_of(gramian_TT / trace) if math.isfinite(trace) else None
        except (LinAlgError, ValueError):
            weights_T = None
        if weights_T is not None and bool(weights_T.isfinite().all()):
            return weights_T
        self._plain_sums.value += 1
        return torch.ones(len(gramian_TT))
