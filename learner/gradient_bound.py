"""A bound on the length of an update's gradient.

Shape letters: T tasks.
"""

import torch
from torch import Tensor, nn

from network.multi_task import MultiTaskNetwork

SMALL = 1e-6
"""Added to norms before division, as `clip_grad_norm_` does."""


class GradientBound:
    """Scales gradients down to a norm (Pascanu et al. 2013): all together, or task by task.

    Tasks that share no parameter do not share a bound either: else one task's outlier would slow down the
    others, and `separate` would not be separate.
    """

    def __init__(self, network: MultiTaskNetwork, largest_norm: float) -> None:
        self._parameters = list(network.parameters())
        self._largest_norm = largest_norm
        self._tasks = len(network.groups.order)
        self._owners = [owners for owners in network.owners() if owners is not None]
        self._by_task = len(self._owners) == len(self._parameters)

    def apply(self) -> Tensor:
        """Scale the gradients and return the norm of all of them before: a scalar."""
        if not self._by_task:
            return nn.utils.clip_grad_norm_(self._parameters, self._largest_norm)
        return self._apply_by_task()

    @torch.no_grad()
    def _apply_by_task(self) -> Tensor:
        slices = [
            (parameter.grad.view(owners.stop - owners.start, -1), owners)
            for parameter, owners in zip(self._parameters, self._owners, strict=True)
            if parameter.grad is not None
        ]
        square_T = torch.zeros(self._tasks, device=self._parameters[0].device)
        for gradient, owners in slices:
            square_T[owners] += gradient.square().sum(1)
        factor_T = (self._largest_norm / (square_T.sqrt() + SMALL)).clamp(max=1.0)
        for gradient, owners in slices:
            gradient.mul_(factor_T[owners].unsqueeze(1))
        return square_T.sum().sqrt()
