"""How the tasks' gradients in what they share agree.

Shape letters: T tasks; P shared parameters, one after another. A gradient of zero has no direction: its
cosines are not numbers.
"""

import torch
from torch import Tensor


def cosines(gradient_TP: Tensor) -> Tensor:
    """Return cos(g_i, g_j), (T, T).

    Yu et al. 2020, "Gradient Surgery for Multi-Task Learning", definition 1.
    """
    norm_T = gradient_TP.norm(dim=1)
    return (gradient_TP @ gradient_TP.T / torch.outer(norm_T, norm_T)).clamp(-1.0, 1.0)


def magnitude_similarity(gradient_TP: Tensor) -> Tensor:
    """Return 2 |g_i| |g_j| / (|g_i|^2 + |g_j|^2), (T, T) (Yu et al. 2020, definition 2).

    1 where two gradients are equally long, near 0 where one of them drowns the other.
    """
    norm_T = gradient_TP.norm(dim=1)
    square_T = norm_T.square()
    similarity_TT: Tensor = 2 * torch.outer(norm_T, norm_T) / (square_T.unsqueeze(1) + square_T)
    return similarity_TT


def norm_shares(gradient_TP: Tensor) -> Tensor:
    """Return |g_i| / sum of all |g_j|, (T,): how much of the pull on what is shared comes from each task."""
    norm_T: Tensor = gradient_TP.norm(dim=1)
    return norm_T / norm_T.sum()


def conflict_share(cosine_TT: Tensor) -> Tensor:
    """Return the share of pairs of different tasks whose cosine is below 0, a scalar.

    Yu et al. 2020 call such gradients conflicting (definition 1). Pairs without a cosine do not count; where
    there is no other it is not a number.
    """
    different_TT = torch.ones_like(cosine_TT, dtype=torch.bool).triu(1)
    cosine_pairs = cosine_TT[different_TT & cosine_TT.isfinite()]
    return (cosine_pairs < 0).float().mean()
