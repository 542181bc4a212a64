"""Chain: the reward lies at the far end, a small lure at the near one."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray


class Chain(gymnasium.Env[NDArray[np.float32], np.int64]):
    """One-hot position on a chain of `length` cells, starting at cell 1.

    Actions: 0 left, 1 right. Cell 0 ends the episode with `lure`, the last cell with 1; both *terminate*.
    """

    def __init__(self, length: int = 8, lure: float = 0.1) -> None:
        self.observation_space = Box(0.0, 1.0, (length,), np.float32)
        self.action_space = Discrete(2)
        self._length, self._lure = length, lure
        self._position = 1

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Go back to cell 1."""
        super().reset(seed=seed, options=options)
        self._position = 1
        return self._one_hot(), {}

    def step(self, action: np.int64) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Walk one cell."""
        self._position += 1 if int(action) == 1 else -1
        if self._position == 0:
            return self._one_hot(), self._lure, True, False, {}
        at_end = self._position == self._length - 1
        return self._one_hot(), 1.0 if at_end else 0.0, at_end, False, {}

    def _one_hot(self) -> NDArray[np.float32]:
        one_hot: NDArray[np.float32] = np.eye(self._length, dtype=np.float32)[self._position]
        return one_hot
