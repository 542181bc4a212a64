"""Environments that say what an evaluation does with them, and fail when they are told to.

Importing this module registers them with Gymnasium, so that any process can build them by
`tests.support.evaluated_environments:trunkline-test/Uneven-v0` and the like.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete

MODULE = "tests.support.evaluated_environments"
SHORT, LONG = 3, 60
LONG_ODDS = 0.3


class Uneven(gymnasium.Env):
    """Episodes of 3 or, three in ten, of 60 steps, by their seed; each step pays 1, and is counted.

    Attributes:
        built: instances, ever.
        alive: instances that are not closed.
        stepped: steps of all of them.
    """

    built: ClassVar[int] = 0
    alive: ClassVar[int] = 0
    stepped: ClassVar[int] = 0

    def __init__(self) -> None:
        self.observation_space = Box(0.0, 100.0, (2,), np.float32)
        self.action_space = Discrete(2)
        self._age = self._length = 0
        Uneven.built += 1
        Uneven.alive += 1

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        """Draw the episode's length."""
        super().reset(seed=seed, options=options)
        self._age, self._length = 0, LONG if self.np_random.random() < LONG_ODDS else SHORT
        return self._seen(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:  # noqa: ARG002
        """Count."""
        Uneven.stepped += 1
        self._age += 1
        return self._seen(), 1.0, self._age >= self._length, False, {}

    def close(self) -> None:
        """Count."""
        Uneven.alive -= 1

    def _seen(self) -> Any:
        return np.array([self._age, self._length], np.float32)


class OnlyOne(Uneven):
    """Of which a process can have one at a time."""

    def __init__(self) -> None:
        if Uneven.alive:
            raise OSError("the port is in use")
        super().__init__()


class FailsOnce(Uneven):
    """Fails in the tenth step of a process, unless a file says that it has done so: in one of four ways.

    In a fifth way, `slow`, each step takes a tenth of a second, and the file says that one was taken.
    """

    def __init__(self, mark: str, way: str, closed: str) -> None:
        super().__init__()
        self._mark, self._way, self._closed = Path(mark), way, Path(closed)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Step or fail."""
        if self._way == "slow":
            self._mark.touch()
            time.sleep(0.1)
        if Uneven.stepped == 10 and not self._mark.exists():
            self._mark.touch()
            if self._way == "exits":
                os._exit(11)
            if self._way == "leaves":
                sys.exit("the window was closed")
            if self._way == "hangs":
                time.sleep(3600)
            raise ConnectionResetError("the simulator went away")
        return super().step(action)

    def close(self) -> None:
        """Leave a sign."""
        super().close()
        self._closed.touch()


class FailsFor(Uneven):
    """Fails in the first step of an episode while `failures` are left, in this process."""

    failures: ClassVar[int] = 0

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Step or fail."""
        if FailsFor.failures > 0:
            FailsFor.failures -= 1
            raise ConnectionResetError("the simulator went away")
        return super().step(action)


def env_id(kind: type[Uneven]) -> str:
    """Return the id by which any process can build one of these environments."""
    return f"{MODULE}:trunkline-test/{kind.__name__}-v0"


for _kind in (Uneven, OnlyOne, FailsOnce, FailsFor):
    if f"trunkline-test/{_kind.__name__}-v0" not in gymnasium.registry:
        gymnasium.register(
            id=f"trunkline-test/{_kind.__name__}-v0",
            entry_point=f"{MODULE}:{_kind.__name__}",
            max_episode_steps=100,
        )
