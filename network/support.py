"""Values as distributions over bins, for heads that are trained as classifiers.

Shape letters: N rows, A actions, K bins.
"""

import torch
from torch import Tensor

from network.output import Output

BINS = 51
"""Bins of a categorical head (Farebrother et al. 2024, table 2; Bellemare et al. 2017)."""
BOUND = 10.0
"""Where the outermost bins end, on both sides of zero, in the units of the network's values."""


class Support(Output):
    """K bins of equal width that cover [-bound, bound]; heads say a logit of each.

    support = Support(51, 10.0)
    q_NA = support(logits_NAK)

    Attributes:
        edges: (K + 1,) where bins begin and end.
        centres: (K,) what each bin stands for.
    """

    adjustable = False
    edges: Tensor
    centres: Tensor

    def __init__(self, bins: int = BINS, bound: float = BOUND) -> None:
        super().__init__((bins,))
        self.bins = bins
        self.bound = bound
        edges = torch.linspace(-bound, bound, bins + 1)
        self.register_buffer("edges", edges, persistent=False)
        self.register_buffer("centres", (edges[1:] + edges[:-1]) / 2, persistent=False)

    def forward(self, outputs: Tensor) -> Tensor:
        """Return the expectation of the softmax over the last dimension: (..., K) -> (...)."""
        return outputs.softmax(-1) @ self.centres

    def _joined(self, said_ND: Tensor) -> Tensor:
        """Return logits of the mixture of the dimensions' distributions: its expectation is their mean."""
        return said_ND.log_softmax(-1).logsumexp(1)
