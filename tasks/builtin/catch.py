"""Catch: a ball falls, a paddle at the bottom moves left or right (after bsuite's task of that name)."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray


class Catch(gymnasium.Env[NDArray[np.uint8], np.int64]):
    """A board of rows x columns as uint8; reward +1 for a catch and -1 for a miss, on the last row.

    Actions: 0 left, 1 stay, 2 right. An episode takes `rows - 1` steps and ends *terminated*.
    """

    def __init__(self, rows: int = 10, columns: int = 5) -> None:
        self.observation_space = Box(0, 255, (rows, columns), np.uint8)
        self.action_space = Discrete(3)
        self._rows, self._columns = rows, columns
        self._ball_row = self._ball_column = self._paddle = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        """Drop a new ball from a random column."""
        super().reset(seed=seed, options=options)
        self._ball_row = 0
        self._ball_column = int(self.np_random.integers(self._columns))
        self._paddle = self._columns // 2
        return self._board(), {}

    def step(self, action: np.int64) -> tuple[NDArray[np.uint8], float, bool, bool, dict[str, Any]]:
        """Move the paddle, let the ball fall one row."""
        self._paddle = min(max(self._paddle + int(action) - 1, 0), self._columns - 1)
        self._ball_row += 1
        landed = self._ball_row == self._rows - 1
        caught = 1.0 if self._paddle == self._ball_column else -1.0
        return self._board(), caught if landed else 0.0, landed, False, {}

    def _board(self) -> NDArray[np.uint8]:
        board = np.zeros((self._rows, self._columns), np.uint8)
        board[self._ball_row, self._ball_column] = 255
        board[-1, self._paddle] = 255
        return board
