"""n-step transitions, cut out of rows when they are sampled."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from replay.compiling import compiled
from replay.row import LIFE_LOST, TERMINATED, TRUNCATED
from replay.rows import END


@dataclass(frozen=True)
class ReturnSpec:
    """How rewards become the return of a transition.

    Attributes:
        n_step: steps summed before bootstrapping.
        discount: per-step discount.
        reward_scale: factor on each reward.
        reward_clip: bound on each absolute reward before scaling; None for no bound.
    """

    n_step: int
    discount: float
    reward_scale: float = 1.0
    reward_clip: float | None = None


def cut_n_step(
    spec: ReturnSpec, starts: NDArray[np.int64], rewards: NDArray[np.float32], flags: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """Return reward_n, discount_n and the index of the row to bootstrap from, for each start.

    With k = min(n, steps to the end of the episode): reward_n = sum of discount^i r_i over i < k; discount_n
    is discount^k, and 0 if the k-th step *terminated* (Sutton and Barto 2018, eq. 7.1), as it is if the step
    lost a life where that ends returns (Mnih et al. 2015, methods). A *truncated* step
    stops the sum too, but keeps discount^k: its next row holds the frame to bootstrap from. So does the end
    of the fragment, where it holds fewer than n more rows.

    Args:
        spec: the return to compute.
        starts: (N,) row indices; rows lie in a ring of `len(rewards)` rows.
        rewards: (R,) reward of each row.
        flags: (R,) flags of each row, with `END` on the last of each fragment.
    """
    clip = np.inf if spec.reward_clip is None else spec.reward_clip
    return _cut(starts, rewards, flags, spec.n_step, spec.discount, spec.reward_scale, clip)  # type: ignore[no-any-return]


@compiled
def _cut(
    starts: NDArray[np.int64],
    rewards: NDArray[np.float32],
    flags: NDArray[np.uint8],
    n_step: int,
    discount: float,
    scale: float,
    clip: float,
) -> Any:  # noqa: ANN401 - Numba infers the tuple of arrays
    count = starts.shape[0]
    num_rows = rewards.shape[0]
    reward_n = np.empty(count, np.float32)
    discount_n = np.empty(count, np.float32)
    last = np.empty(count, np.int64)
    for i in range(count):
        row = starts[i]
        total = 0.0
        factor = 1.0
        for _ in range(n_step):
            total += factor * scale * min(max(float(rewards[row]), -clip), clip)
            factor *= discount
            flag = flags[row]
            row = (row + 1) % num_rows
            if flag & (TERMINATED | LIFE_LOST):
                factor = 0.0
                break
            if flag & TRUNCATED or flags[row] & END:
                break
        reward_n[i] = total
        discount_n[i] = factor
        last[i] = row
    return reward_n, discount_n, last
