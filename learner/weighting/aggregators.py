"""Weights of gradients as torchjd computes them.

Shape letters: T tasks, in the order of the configuration.
"""

from typing import Literal

import torch
from torch import Tensor

from learner.weighting.aggregated import GramianWeights

Aggregator = Literal["aligned_mtl", "imtl_g", "upgrad"]


def torchjd_weights(method: Aggregator, num_tasks: int) -> GramianWeights:
    """Return a method's weights, scaled to those of a sum: torchjd gives weights of a mean.

    - `aligned_mtl`: Senushkin et al. 2023, "Independent Component Alignment for Multi-Task Learning",
      algorithm 1: gradients are rotated and scaled until they are orthogonal and all as long as the least
      singular value. Conflicts make the update short.
    - `imtl_g`: Liu et al. 2021, "Towards Impartial Multi-task Learning", section 3.1: the update's
      projections on all gradients are equal. Weights sum to T; they may be negative, and large where
      gradients are nearly dependent.
    - `upgrad`: Quinton and Rey 2024, "Jacobian Descent for Multi-Objective Optimization", section 3: each
      gradient is projected onto the cone of what harms no task, then all are added up.
    """
    from torchjd import aggregation  # takes a second to load, and is in an extra

    one_T = torch.ones(num_tasks)
    if method == "aligned_mtl":
        return aggregation.AlignedMTLWeighting(one_T)
    if method == "upgrad":
        return aggregation.UPGradWeighting(one_T)
    impartial = aggregation.IMTLGWeighting()

    def scaled(gramian_TT: Tensor) -> Tensor:
        weights_T: Tensor = num_tasks * impartial(gramian_TT)
        return weights_T

    return scaled
