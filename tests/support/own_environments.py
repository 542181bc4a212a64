"""Environments that tests need: slow ones, one that sends a signal, one that no single frame tells.

Importing this module registers them with Gymnasium, so that any process can build them by
`tests.support.own_environments:trunkline-test/SlowChain-v0` and the like.
"""

import signal
import time
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray

from tasks.builtin.chain import Chain
from tasks.builtin.identity import Identity

MODULE = "tests.support.own_environments"


class SlowChain(Chain):
    """Chain, whose every step takes so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def step(self, action: Any) -> tuple[NDArray[Any], float, bool, bool, dict[str, Any]]:
        """Sleep, then step."""
        time.sleep(self._seconds)
        return super().step(action)


class SlowIdentity(Identity):
    """Identity, whose every step takes so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def step(self, action: Any) -> tuple[NDArray[Any], float, bool, bool, dict[str, Any]]:
        """Sleep, then step."""
        time.sleep(self._seconds)
        return super().step(action)


class SignallingIdentity(Identity):
    """Identity, whose step number `after` of an instance sends this process the signal `number`."""

    def __init__(self, number: int, after: int = 300) -> None:
        super().__init__()
        self._number = number
        self._left = after

    def step(self, action: Any) -> tuple[NDArray[Any], float, bool, bool, dict[str, Any]]:
        """Count, then step."""
        self._left -= 1
        if self._left == 0:
            signal.raise_signal(self._number)
        return super().step(action)


class Drift(gymnasium.Env[NDArray[np.uint8], np.int64]):
    """A light moves around a ring, a cell a step, all left or all right; reward 1 for naming where it goes.

    Two frames tell it, one does not. It never terminates: only a time limit ends it.
    """

    def __init__(self, cells: int = 6) -> None:
        self.observation_space = Box(0, 255, (cells,), np.uint8)
        self.action_space = Discrete(2)
        self._cells = cells
        self._cell = 0
        self._direction = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        """Begin anywhere, in either direction."""
        super().reset(seed=seed, options=options)
        self._cell = int(self.np_random.integers(self._cells))
        self._direction = int(self.np_random.integers(2))
        return self._frame(), {}

    def step(self, action: Any) -> tuple[NDArray[Any], float, bool, bool, dict[str, Any]]:
        """Judge the named direction, move on."""
        self._cell = (self._cell + 2 * self._direction - 1) % self._cells
        return self._frame(), float(action == self._direction), False, False, {}

    def _frame(self) -> NDArray[np.uint8]:
        frame: NDArray[np.uint8] = 255 * np.eye(self._cells, dtype=np.uint8)[self._cell]
        return frame


def slowed(task: str, seconds: float) -> list[str]:
    """Return the overrides that give one of the tiny pair, `chain` or `identity`, such an environment."""
    kind = {"chain": "SlowChain", "identity": "SlowIdentity"}[task]
    return [
        f"tasks.{task}.env={MODULE}:trunkline-test/{kind}-v0",
        f"tasks.{task}.env_kwargs={{seconds: {seconds}}}",
    ]


for _kind, _limit in ((SlowChain, 50), (SlowIdentity, 20), (SignallingIdentity, 20), (Drift, 20)):
    if f"trunkline-test/{_kind.__name__}-v0" not in gymnasium.registry:
        gymnasium.register(
            id=f"trunkline-test/{_kind.__name__}-v0",
            entry_point=f"{MODULE}:{_kind.__name__}",
            max_episode_steps=_limit,
        )
