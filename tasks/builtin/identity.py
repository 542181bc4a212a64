"""Identity: say the symbol that is shown (after Stable-Baselines3's test environment of that name)."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray


class Identity(gymnasium.Env[NDArray[np.float32], np.int64]):
    """A one-hot symbol a step; reward 1 for naming it. It never terminates: only a time limit ends it."""

    def __init__(self, symbols: int = 3) -> None:
        self.observation_space = Box(0.0, 1.0, (symbols,), np.float32)
        self.action_space = Discrete(symbols)
        self._symbols = symbols
        self._shown = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Show a first symbol."""
        super().reset(seed=seed, options=options)
        return self._show(), {}

    def step(self, action: np.int64) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Judge the named symbol, show another."""
        reward = 1.0 if int(action) == self._shown else 0.0
        return self._show(), reward, False, False, {}

    def _show(self) -> NDArray[np.float32]:
        self._shown = int(self.np_random.integers(self._symbols))
        one_hot: NDArray[np.float32] = np.eye(self._symbols, dtype=np.float32)[self._shown]
        return one_hot
