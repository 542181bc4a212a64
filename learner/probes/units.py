"""How much of a layer is in use.

Shape letters: N rows, F features of a row.
"""

import torch
from torch import Tensor

DORMANT_BELOW = 0.025
"""Of the layer's mean activity; Sokar et al. use it for networks of this size."""

RANK_REST = 0.01
"""Share of the singular values' sum that the effective rank leaves out."""


def dormant_share(features_NF: Tensor, below: float = DORMANT_BELOW) -> Tensor:
    """Return the share of units whose mean |activation| is at most `below` of the layer's mean, a scalar.

    Sokar et al. 2023, "The Dormant Neuron Phenomenon in Deep Reinforcement Learning", definition 3.1. A layer
    that is silent altogether is all dormant.
    """
    activity_F = features_NF.abs().mean(0)
    mean = activity_F.mean()
    return torch.where(mean.isfinite(), (activity_F <= below * mean).float().mean(), torch.nan)


def effective_rank(features_NF: Tensor, rest: float = RANK_REST) -> float:
    """Return the least k whose k largest singular values make up 1 - `rest` of the sum of all.

    Kumar et al. 2021, "Implicit Under-Parameterization Inhibits Data-Efficient Deep Reinforcement Learning",
    section 3: srank. It is at most the smaller of N and F, 0 of nothing but zeros, and not a number where a
    feature is not finite.
    """
    if not bool(features_NF.isfinite().all()):
        return float("nan")
    value_K = torch.linalg.svdvals(features_NF)
    reached_K = value_K.cumsum(0) >= (1 - rest) * value_K.sum()
    return float((~reached_K).sum() + 1) if value_K[0] > 0 else 0.0
