"""Environments that break their contract in one way each, and one that keeps it.

Importing this module registers them with Gymnasium, so that any process can build them by
`tests.support.broken_environments:trunkline-test/RaisesInStep-v0` and the like.
"""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict, Discrete

MODULE = "tests.support.broken_environments"
EPISODE_LENGTH = 4


class WellBehaved(gymnasium.Env):
    """Counts its steps in the observation, adds the seeded episode number; terminates after four steps.

    What others of its kind do wrong begins with the step number `after`, once so many episodes were `spared`.
    """

    def __init__(self, after: int = 3, spared: int = 0) -> None:
        self.observation_space = Box(-10.0, 1e6, (3,), np.float32)
        self.action_space = Discrete(2)
        self._after = after
        self._spared = spared
        self._steps = 0
        self._resets = 0
        self._draw = 0.0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        """Start an episode with a number drawn from the seeded generator."""
        super().reset(seed=seed, options=options)
        self._steps = 0
        self._resets += 1
        self._draw = float(self.np_random.integers(1000))
        return self._observe(), {}

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Reward the action by its number."""
        self._steps += 1
        return self._observe(), float(action), self._steps >= EPISODE_LENGTH, False, {}

    def _observe(self) -> Any:
        return np.array([self._steps, self._resets, self._draw], np.float32)

    def _broken(self) -> bool:
        return self._resets > self._spared and self._steps >= self._after


class RaisesInStep(WellBehaved):
    """Raises in the step number `after` of an episode."""

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Fail late."""
        answer = super().step(action)
        if self._broken():
            raise RuntimeError("the arm is stuck")
        return answer


class RaisesInReset(WellBehaved):
    """Raises in the reset number `after`: 1 is the first."""

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        """Fail to start."""
        answer = super().reset(seed=seed, options=options)
        if self._resets >= self._after:
            raise OSError("no level file")
        return answer


class RaisesInConstructor(WellBehaved):
    """Cannot be built."""

    def __init__(self) -> None:
        raise OSError("no licence for this simulator")


class NanObservation(WellBehaved):
    """Observes NaN from the step number `after` on; 0 stands for the reset."""

    def _observe(self) -> Any:
        return super()._observe() * (np.nan if self._broken() else 1.0)


class NanReward(WellBehaved):
    """Rewards NaN from the step number `after` on."""

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Divide by nothing."""
        observation, reward, terminated, truncated, info = super().step(action)
        return observation, float("nan") if self._broken() else reward, terminated, truncated, info


class TextReward(WellBehaved):
    """Rewards with a word from the step number `after` on."""

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Praise in words."""
        observation, reward, terminated, truncated, info = super().step(action)
        return observation, "good" if self._broken() else reward, terminated, truncated, info


class WrongShape(WellBehaved):
    """Observes another shape than it declares, from the step number `after` on; 0 stands for the reset."""

    def _observe(self) -> Any:
        return np.zeros(5, np.float32) if self._broken() else super()._observe()


class HugeObservation(WellBehaved):
    """Observes a number that float32 cannot hold, from the step number `after` on."""

    def _observe(self) -> Any:
        return super()._observe().astype(np.float64) * (1e300 if self._broken() else 1.0)


class TextObservation(WellBehaved):
    """Observes words of the right number, from the step number `after` on."""

    def _observe(self) -> Any:
        return np.array(["left", "of", "it"]) if self._broken() else super()._observe()


class ListObservation(WellBehaved):
    """Observes the right numbers as a list, from the step number `after` on."""

    def _observe(self) -> Any:
        return super()._observe().tolist() if self._broken() else super()._observe()


class DictObservations(WellBehaved):
    """Declares observations that are no Box."""

    def __init__(self) -> None:
        super().__init__()
        self.observation_space = Dict({"position": Box(0.0, 1.0, (3,), np.float32)})


class ShiftedActions(WellBehaved):
    """Numbers its actions from 5 on."""

    def __init__(self) -> None:
        super().__init__()
        self.action_space = Discrete(2, start=5)


_ALL: tuple[tuple[type[WellBehaved], int | None], ...] = (
    (WellBehaved, 50),
    (RaisesInStep, 50),
    (RaisesInReset, 50),
    (RaisesInConstructor, 50),
    (NanObservation, 50),
    (NanReward, 50),
    (TextReward, 50),
    (WrongShape, 50),
    (HugeObservation, 50),
    (TextObservation, 50),
    (ListObservation, 50),
    (DictObservations, 50),
    (ShiftedActions, 50),
)


def env_id(name: str) -> str:
    """Return the id by which any process can build one of these environments."""
    return f"{MODULE}:trunkline-test/{name}-v0"


def register_broken_environments() -> None:
    """Register every environment of this module; calling it again changes nothing."""
    named = [(kind.__name__, kind.__name__, limit) for kind, limit in _ALL]
    for name, kind, limit in [*named, ("NoTimeLimit", "WellBehaved", None)]:
        env = f"trunkline-test/{name}-v0"
        if env not in gymnasium.registry:
            gymnasium.register(id=env, entry_point=f"{MODULE}:{kind}", max_episode_steps=limit)


register_broken_environments()
