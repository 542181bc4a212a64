"""What one update learns from.

Shape letters: B transitions of a task, O observation dimensions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True)
class TaskBatch:
    """Transitions of one task, as tensors on the learner's device.

    Attributes:
        task: name of the task.
        obs_BO: float32 or uint8 observations, as stored.
        action_B: int64, as `tasks.choices.Choices` numbers them: (B,), or (B, D) of D dimensions.
        reward_n_B: float32, n-step returns.
        discount_n_B: float32, factor of the bootstrap value; 0 after a terminated step.
        next_obs_BO: observations to bootstrap from.
        importance_B: float32 importance weights.
        keys: (B,) int64, which items these are.
        staleness: mean of the newest version minus the version that acted, over the request it came with.
        columns: (B, ...) of each drawn column of rows that has no field of its own here.
    """

    task: str
    obs_BO: Tensor
    action_B: Tensor
    reward_n_B: Tensor
    discount_n_B: Tensor
    next_obs_BO: Tensor
    importance_B: Tensor
    keys: NDArray[np.int64]
    staleness: float
    columns: Mapping[str, Tensor] = field(default_factory=dict)
