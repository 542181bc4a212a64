"""Value regression as classification.

Shape letters: N transitions of all tasks; K bins.
"""

import torch
from torch import Tensor
from torch.nn import functional

from network.support import Support

RELATIVE_DEVIATION = 0.75
"""Of the target's normal distribution, in bins (Farebrother et al. 2024, section 4.2)."""


class HLGauss:
    """Cross-entropy between a head's logits and the histogram of a normal distribution about the target.

    Farebrother et al. 2024, "Stop Regressing: Training Value Functions via Classification for Scalable Deep
    RL", section 3.1; after Imani and White 2018.

        loss = HLGauss(Support())
        loss_N, error_N = loss(logits_NK, targets_N)

    Attributes:
        support: the bins.
        reach: the largest |target| whose distribution lies, to three deviations, within the support.
    """

    def __init__(self, support: Support) -> None:
        self.support = support
        self._deviation = RELATIVE_DEVIATION * 2 * support.bound / support.bins
        self.reach = support.bound - 3 * self._deviation

    def histogram(self, targets_N: Tensor) -> Tensor:
        """Return the mass of N(target, deviation) in each bin, given that it is in one of them: (N, K).

        Targets beyond the support count as its ends.
        """
        bound = self.support.bound
        distance_NK = self.support.edges - targets_N.clamp(-bound, bound).unsqueeze(1)
        below_NK = torch.erf(distance_NK / (2**0.5 * self._deviation))
        return below_NK.diff(dim=1) / (below_NK[:, -1:] - below_NK[:, :1])

    def bootstrap(self, said_N: Tensor) -> Tensor:
        """Return the expectation of the chosen action: (N,)."""
        values_N: Tensor = self.support(said_N)
        return values_N

    def __call__(self, taken_N: Tensor, targets_N: Tensor) -> tuple[Tensor, Tensor]:
        """Return the cross-entropy of logits (N, K), and what their expectations are off: (N,) each."""
        loss_N = functional.cross_entropy(taken_N, self.histogram(targets_N), reduction="none")
        return loss_N, targets_N - self.support(taken_N.detach())
