"""The shared layers."""

from collections.abc import Sequence
from itertools import pairwise

from torch import nn


def layer_norm_mlp(widths: Sequence[int]) -> nn.Sequential:
    """Return LayerNorm-ReLU-Linear blocks from `widths[0]` to `widths[-1]`, with a ReLU behind the last.

    LayerNorm keeps temporal-difference learning stable without a large target network (Gallici et al. 2024,
    "Simplifying Deep Temporal Difference Learning", section 3).
    """
    layers: list[nn.Module] = []
    for width_in, width_out in pairwise(widths):
        layers += [nn.LayerNorm(width_in), nn.ReLU(), nn.Linear(width_in, width_out)]
    return nn.Sequential(*layers, nn.ReLU())
