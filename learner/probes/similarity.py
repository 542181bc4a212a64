"""How alike two sets of features are, whatever basis they are written in.

Shape letters: K sets of features; N rows; F, G features of a row; T tasks.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from network.multi_task import MultiTaskNetwork

ROUNDING = 1e-6
"""A feature that varies by no more than this share of its size is the same in all rows: the float32 mean of
equal numbers may be rounded, and what that leaves of them would look like two features that vary alike."""


def linear_cka(features_NF: Tensor, features_NG: Tensor) -> Tensor:
    """Return the linear centred kernel alignment of two sets of features of the same rows: in [0, 1].

    HSIC(K, L) over sqrt(HSIC(K, K) HSIC(L, L)), with K and L the rows' inner products (Kornblith et al. 2019,
    "Similarity of Neural Network Representations Revisited", section 3). Rotating features, or scaling them
    all alike, changes nothing. With fewer rows than features it is large even for unrelated ones. It is not
    a number where all rows have the same features.
    """
    return _alignments(torch.stack([_centred_gram(features_NF), _centred_gram(features_NG)]))[0, 1]


def cka_matrix(features_KNF: Tensor) -> Tensor:
    """Return `linear_cka` of each pair of sets: (K, K)."""
    return _alignments(_centred_gram(features_KNF))


@torch.no_grad()
def cka_between(
    first: MultiTaskNetwork, second: MultiTaskNetwork, observations: Sequence[Tensor]
) -> list[float]:
    """Return, for each task, the linear CKA of the features that two networks' heads read.

    Args:
        first: a network.
        second: another network of the same tasks; ways of sharing and widths may differ.
        observations: one batch a task, in the order of the tasks, the more rows the better.
    """
    pairs = zip(_features(first, observations), _features(second, observations), strict=True)
    return [linear_cka(*pair).item() for pair in pairs]


def _features(network: MultiTaskNetwork, observations: Sequence[Tensor]) -> list[Tensor]:
    sizes = [len(obs) for obs in network.groups.arranged(observations)]
    return network.groups.by_task(network.features(observations).split_with_sizes(sizes))


def _centred_gram(features_KNF: Tensor) -> Tensor:
    """Return the inner products of the rows around their mean: (K, N, N), or (N, N) of one set."""
    centred_KNF = features_KNF - features_KNF.mean(-2, keepdim=True)
    varies_K1F = centred_KNF.abs().amax(-2, True) > ROUNDING * features_KNF.abs().amax(-2, True)
    centred_KNF = centred_KNF * varies_K1F
    return centred_KNF @ centred_KNF.mT


def _alignments(gram_KNN: Tensor) -> Tensor:
    flat_KM = gram_KNN.flatten(1)
    unit_KM: Tensor = flat_KM / flat_KM.norm(dim=1, keepdim=True)
    return (unit_KM @ unit_KM.T).clamp(max=1.0)
