"""The cutter of n-step transitions with stacked frames."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from replay.n_step import ReturnSpec, cut_n_step
from replay.row import DRAWN
from replay.rows import RowRing
from replay.windows import cut_windows


class NStepCutter:
    """Cuts transitions: the stacks at both ends, what was paid in between, drawn columns of the first row.

    Shape letters: B transitions, W frames of a window.

    The columns are `windows` (B, W, *frame_shape) and `bootstrap_starts` (B,) int8, as `replay.windows`
    describes them; `rewards_n` (B,) float32, n-step returns; `discounts_n` (B,) float32, what the bootstrap
    value is multiplied by, 0 after a terminated step; and (B, ...) of each drawn column of `replay.row`.
    """

    def __init__(self, returns: ReturnSpec, frame_stack: int) -> None:
        self._returns = returns
        self._frame_stack = frame_stack

    def cut(self, rows: RowRing, slots: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Return columns of the transitions that start at the rows in these slots."""
        columns, stack, n_step = rows.columns, self._frame_stack, self._returns.n_step
        rewards_n, discounts_n, last = cut_n_step(self._returns, slots, columns["rewards"], rows.flags)
        windows, starts = cut_windows(columns["frames"], rows.flags, slots, last, discounts_n, stack, n_step)
        return {
            "windows": windows,
            "bootstrap_starts": starts,
            "rewards_n": rewards_n,
            "discounts_n": discounts_n,
            **{name: columns[name][slots] for name in DRAWN},
        }
