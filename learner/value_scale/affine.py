"""The affine map of a value scale, and what its changes mean for a network.

Shape letters: T tasks, in the order of the network's rows; N transitions of all tasks; k tasks with B rows
each.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from learner.value_scale.interface import Change, ValueScale
from network.grouped import on_tasks
from network.weights import ValueMap


class AffineScale(ValueScale):
    """A scale and a shift a task, (T,) each.

    Args:
        tasks: how many there are.
        scale: of each task in the beginning.
        precision: of the map, and of the returns that it gives. A map with a shift wants float64: the shift
            may be large beside the scale.
    """

    scale_T: Tensor
    shift_T: Tensor

    def __init__(self, tasks: int, scale: float, precision: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.register_buffer("scale_T", torch.full((tasks,), scale, dtype=precision))
        self.register_buffer("shift_T", torch.zeros(tasks, dtype=precision))

    def returns(self, values_N: Tensor, sizes: Sequence[int]) -> Tensor:
        """Return scale v + shift, in the map's precision."""
        return on_tasks(_returns, sizes, values_N, self.scale_T, self.shift_T)

    def values(self, returns_N: Tensor, sizes: Sequence[int]) -> Tensor:
        """Return (G - shift) / scale, as float32."""
        return on_tasks(_values, sizes, returns_N, self.scale_T, self.shift_T).float()

    def maps(self) -> list[ValueMap]:
        """Return each task's scale and shift."""
        pairs_T2 = torch.stack([self.scale_T, self.shift_T], 1)
        return [ValueMap(*pair) for pair in pairs_T2.tolist()]

    def _become(self, scale_T: Tensor, shift_T: Tensor) -> Change:
        """Take on another map; return what outputs become if they are to stand for the same returns.

        van Hasselt et al. 2016, "Learning values across many orders of magnitude", proposition 1.
        """
        change = Change((self.scale_T / scale_T).float(), ((self.shift_T - shift_T) / scale_T).float())
        self.scale_T.copy_(scale_T)
        self.shift_T.copy_(shift_T)
        return change


def _returns(values_kB: Tensor, scale_k: Tensor, shift_k: Tensor) -> Tensor:
    return torch.addcmul(shift_k.unsqueeze(1), values_kB, scale_k.unsqueeze(1)).flatten()


def _values(returns_kB: Tensor, scale_k: Tensor, shift_k: Tensor) -> Tensor:
    return ((returns_kB - shift_k.unsqueeze(1)) / scale_k.unsqueeze(1)).flatten()
