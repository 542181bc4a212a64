"""Wrappers as users write them, sound and unsound, and an environment with lives; nobody registers them.

Any process can build them by `tests.support.wrapped_environments:Tenfold` and the like.
"""

import importlib
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete

from tests.support.odd_environments import Steady

MODULE = "tests.support.wrapped_environments"


def wrapper(name: str) -> str:
    """Return the name by which any process can find one of these wrappers, or make the environment."""
    return f"{MODULE}:{name}"


class Tenfold(gymnasium.RewardWrapper):
    """Pays so many times what the environment pays."""

    def __init__(self, env: Any, factor: float = 10.0) -> None:
        super().__init__(env)
        self._factor = factor + 0.0

    def reward(self, reward: Any) -> Any:
        """Multiply it."""
        return self._factor * reward


class Twice(gymnasium.Wrapper):
    """Makes two steps of one, and one of its own when an episode begins."""

    def reset(self, **given: Any) -> Any:
        """Begin a step later."""
        self.env.reset(**given)
        observation, *_, info = self.env.step(0)
        return observation, info

    def step(self, action: Any) -> Any:
        """Step twice, unless the first step is the last."""
        answer = self.env.step(action)
        if answer[2] or answer[3]:
            return answer
        observation, reward, *rest = self.env.step(action)
        return observation, float(answer[1]) + float(reward), *rest


class Reshaped(gymnasium.ObservationWrapper):
    """Shows another shape than it declares."""

    def observation(self, observation: Any) -> Any:
        """Leave out the last number."""
        return observation[:-1]


class Widening(gymnasium.ObservationWrapper):
    """Declares, and shows, one number more in each instance."""

    _numbers = 0

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        Widening._numbers += 1
        self.observation_space = Box(-np.inf, np.inf, (Widening._numbers,), np.float32)

    def observation(self, observation: Any) -> Any:  # noqa: ARG002 - it shows nothing of it
        """Show zeros."""
        return np.zeros(self.observation_space.shape, np.float32)


def tenfold(env: Any) -> Any:
    """Wrap by a function, as some packages do."""
    return Tenfold(env)


def nothing(env: Any) -> int:  # noqa: ARG001 - it takes an environment, as a wrapper does
    """Return no environment."""
    return 7


class Needy(gymnasium.Wrapper):
    """Needs a package that is not installed."""

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        importlib.import_module("no_such_package")


class ThreeLives(Steady):
    """Loses a life in every fourth step, pays one a step, and ends with the third life."""

    def __init__(self) -> None:
        super().__init__()
        self.action_space = Discrete(2)

    def ends(self) -> Any:
        """End in the twelfth step."""
        return self._step >= 12, False

    def _info(self) -> Any:
        return {"lives": 3 - self._step // 4}

    def reset(self, **given: Any) -> Any:
        """Begin with three."""
        return super().reset(**given)[0], self._info()

    def step(self, action: Any) -> Any:
        """Go on."""
        return *super().step(action)[:4], self._info()


class LivesTogether(gymnasium.vector.VectorEnv):
    """The same in one vector, whose streams are a step apart, or which says nothing of lives."""

    def __init__(self, num_envs: int, silent: bool = False) -> None:
        self.metadata = {"autoreset_mode": gymnasium.vector.AutoresetMode.NEXT_STEP}
        self.num_envs, self._silent = num_envs, silent
        self.single_observation_space: Any = Box(0, 100, (2,), np.float32)
        self.single_action_space: Any = Discrete(2)
        self._step_E = np.arange(num_envs)

    def _seen(self) -> Any:
        return np.repeat(self._step_E[:, None], 2, axis=1).astype(np.float32)

    def _info(self) -> Any:
        return {} if self._silent else {"lives": 3 - self._step_E // 4}

    def reset(self, *, seed: Any = None, options: Any = None) -> Any:  # noqa: ARG002 - all begin alike
        """Begin with three lives."""
        self._step_E = np.arange(self.num_envs)
        return self._seen(), self._info()

    def step(self, actions: Any) -> Any:  # noqa: ARG002 - they change nothing
        """Go on, or begin anew in the step after the last."""
        over_E = self._step_E >= 12
        self._step_E = np.where(over_E, 0, self._step_E + 1)
        nobody_E = np.zeros(self.num_envs, np.bool_)
        return self._seen(), (~over_E).astype(float), self._step_E >= 12, nobody_E, self._info()
