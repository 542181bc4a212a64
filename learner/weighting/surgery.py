"""Projecting conflicts between gradients away.

Shape letters: T tasks, in the order of the configuration.
"""

import numpy as np
import torch
from torch import Tensor, nn


class Surgery(nn.Module):
    """Weights of PCGrad: Yu et al. 2020, "Gradient Surgery for Multi-Task Learning", algorithm 1.

    Each task's gradient goes through the others in random order, and where its inner product with one is
    negative, it loses its part along that one; then all are added up, as here. Each becomes a combination of
    the given gradients, so inner products are all that it takes. The order's random numbers are part of the
    state.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._generator = torch.Generator().manual_seed(seed)

    def get_extra_state(self) -> Tensor:
        """Return the state of the random numbers as a checkpoint keeps it."""
        return self._generator.get_state()

    def set_extra_state(self, state: Tensor) -> None:
        """Go on with a checkpoint's random numbers."""
        self._generator.set_state(state)

    def forward(self, gramian_TT: Tensor) -> Tensor:
        """Return weights (T,) of inner products (T, T): what each gradient counts for in the sum."""
        product_TT = gramian_TT.numpy()
        rows_T = np.arange(len(product_TT))
        order_TT = torch.rand(product_TT.shape, generator=self._generator).argsort(1).numpy()
        square_T = np.maximum(product_TT.diagonal(), np.finfo(product_TT.dtype).tiny)
        part_TT = np.eye(len(rows_T), dtype=product_TT.dtype)
        for other_T in order_TT.T:  # every task at once, each with the other whose turn it is
            inner_T = np.einsum("ij,ij->i", product_TT[other_T], part_TT)
            conflict_T = (inner_T < 0) & (other_T != rows_T)
            part_TT[rows_T, other_T] -= np.where(conflict_T, inner_T / square_T[other_T], 0)
        return torch.from_numpy(part_TT.sum(0))
