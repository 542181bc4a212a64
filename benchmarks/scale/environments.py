"""Environments of the scale model: a pole whose steps take their time, and frames as large as Atari's.

Importing this module registers them with Gymnasium, so that any process can build them by
`benchmarks.scale.environments:trunkline-bench/SlowPole-v0` and the like.
"""

import time
from typing import Any

import gymnasium
import numpy as np
from gymnasium.envs.classic_control.cartpole import CartPoleEnv
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray

MODULE = "benchmarks.scale.environments"
SLOW_POLE = f"{MODULE}:trunkline-bench/SlowPole-v0"
SPRITES = f"{MODULE}:trunkline-bench/Sprites-v0"
SIDE, SPRITE, NUM_SPRITES, ACTIONS, EPISODE_STEPS = 84, 5, 6, 6, 1000


class SlowPole(CartPoleEnv):
    """CartPole; before each step it waits for so many seconds, as for a machine elsewhere."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def step(self, action: object) -> tuple[NDArray[Any], float, bool, bool, dict[str, Any]]:
        """Wait, then step."""
        time.sleep(self._seconds)
        result: tuple[Any, float, bool, bool, dict[str, Any]] = super().step(action)  # type: ignore[no-untyped-call]
        return result


class Sprites(gymnasium.Env[NDArray[np.uint8], np.int64]):
    """Small squares that drift over a banded ground: 84 x 84 grey values that LZ4 packs as it does games.

    Each step takes so many seconds of CPU, as an emulator does. Nothing can be learned here.
    """

    def __init__(self, seconds: float) -> None:
        self.observation_space = Box(0, 255, (SIDE, SIDE), np.uint8)
        self.action_space = Discrete(ACTIONS)
        self._seconds = seconds
        bands = np.random.default_rng(0).integers(0, 200, SIDE // 12).astype(np.uint8)
        self._ground = np.repeat(np.repeat(bands, 12)[:, None], SIDE, axis=1)
        self._corners = np.zeros((NUM_SPRITES, 2), np.int64)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        """Begin anywhere."""
        super().reset(seed=seed, options=options)
        self._corners = self.np_random.integers(0, SIDE - SPRITE, (NUM_SPRITES, 2))
        return self._frame(), {}

    def step(self, action: object) -> tuple[NDArray[Any], float, bool, bool, dict[str, Any]]:
        """Compute, and let every sprite drift by a pixel or two."""
        until = time.thread_time() + self._seconds
        moves = self.np_random.integers(-2, 3, self._corners.shape)
        self._corners = np.clip(self._corners + moves, 0, SIDE - SPRITE)
        frame = self._frame()
        while time.thread_time() < until:
            pass
        return frame, float(action == 0), False, False, {}

    def _frame(self) -> NDArray[np.uint8]:
        frame: NDArray[np.uint8] = self._ground.copy()
        for number, (row, column) in enumerate(self._corners):
            frame[row : row + SPRITE, column : column + SPRITE] = 255 - 9 * number
        return frame


for _id, _kind, _limit in ((SLOW_POLE, SlowPole, 500), (SPRITES, Sprites, EPISODE_STEPS)):
    if (_name := _id.partition(":")[2]) not in gymnasium.registry:
        gymnasium.register(id=_name, entry_point=f"{MODULE}:{_kind.__name__}", max_episode_steps=_limit)
