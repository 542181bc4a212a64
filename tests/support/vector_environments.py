"""Vectorised environments of a task each: CartPole in the three modes, and some that do something wrong."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv
from gymnasium.vector.utils import batch_space

MODULE = "tests.support.vector_environments"


def same_step(num_envs: int) -> VectorEnv[Any, Any, Any]:
    """CartPole without a time limit, which shows the next episode where one ends."""
    return _cartpoles(num_envs, AutoresetMode.SAME_STEP)


def disabled(num_envs: int) -> VectorEnv[Any, Any, Any]:
    """CartPole without a time limit, which refuses to be stepped after an end."""
    return _cartpoles(num_envs, AutoresetMode.DISABLED)


def next_step(num_envs: int) -> VectorEnv[Any, Any, Any]:
    """CartPole without a time limit, which begins the next episode in the step after an end."""
    return _cartpoles(num_envs, AutoresetMode.NEXT_STEP)


def any_mode(num_envs: int, autoreset_mode: AutoresetMode) -> VectorEnv[Any, Any, Any]:
    """CartPole in the mode that it is asked for."""
    assert autoreset_mode is AutoresetMode.NEXT_STEP
    return _cartpoles(num_envs, autoreset_mode)


def rooms(num_envs: int) -> VectorEnv[Any, Any, Any]:
    """Observations of several parts and masks in infos, in the mode in which most has to be put right."""
    return SyncVectorEnv([Rooms] * num_envs, autoreset_mode=AutoresetMode.SAME_STEP)


def _cartpoles(num_envs: int, mode: AutoresetMode) -> SyncVectorEnv:
    def make() -> gymnasium.Env[Any, Any]:
        return gymnasium.make("CartPole-v1", max_episode_steps=10_000, disable_env_checker=True)

    return SyncVectorEnv([make] * num_envs, autoreset_mode=mode)


class Rooms(gymnasium.Env[Any, Any]):
    """Three rooms in a row; the door of the last one ends the episode, and only it can be taken there."""

    observation_space = gymnasium.spaces.Dict(
        {
            "room": Discrete(3),
            "sign": gymnasium.spaces.Text(20, charset="aceodfimnrstuwy "),
            "age": Box(0, 100, (1,), np.float32),
        }
    )
    action_space = Discrete(2)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, Any]:  # noqa: ARG002
        super().reset(seed=seed)
        self._room, self._age = 0, 0
        return self._seen()

    def step(self, action: Any) -> tuple[Any, float, bool, bool, Any]:
        assert self._mask()[action], "the action is allowed"
        self._age += 1
        left = self._room == 2
        self._room = min(2, self._room + int(action))
        observation, info = self._seen()
        return observation, float(left), left, False, info

    def _seen(self) -> tuple[Any, Any]:
        observation = {
            "room": np.int64(self._room),
            "sign": ("first room", "second room", "way out")[self._room],
            "age": np.array([self._age], np.float32),
        }
        return observation, {"action_mask": self._mask()}

    def _mask(self) -> np.ndarray:
        return np.array([self._room != 2, True], np.int8)


class Bad(VectorEnv[Any, Any, Any]):
    """Streams that count their steps from a number that a seed draws, and do one thing wrong."""

    single_observation_space = Box(-np.inf, np.inf, (2,), np.float32)
    single_action_space = Discrete(2)

    def __init__(self, num_envs: int, wrong: str, mode: str = "NextStep") -> None:
        self.num_envs, self._wrong = num_envs, wrong
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.metadata = {} if wrong == "mode" else {"autoreset_mode": AutoresetMode(mode)}

    def reset(self, **_: Any) -> tuple[Any, Any]:
        # every stream, whatever options say
        self._count_EO = np.arange(2 * self.num_envs, dtype=np.float32).reshape(-1, 2)
        return self._count_EO.copy(), {}

    def step(self, _action: Any) -> tuple[Any, Any, Any, Any, Any]:
        self._count_EO += 1
        if self._wrong == "raises" and self._count_EO[0, 0] == 2:
            raise RuntimeError("the simulator is lost")
        observation = self._count_EO.copy()
        reward_E, ends_E = np.ones(self.num_envs), np.zeros(self.num_envs, np.bool_)
        if self._wrong == "observation":
            observation[-1, 0] = np.nan
        if self._wrong == "reward":
            reward_E[-1] = np.inf
        if self._wrong == "rows":
            observation = observation[:1]
        if self._wrong == "rewards":
            reward_E = reward_E[:, None]
        if self._wrong == "ends":
            return observation, reward_E, ends_E + 2, ends_E, {}
        if self._wrong == "dtype":
            return observation.astype(np.complex64), reward_E, ends_E, ends_E, {}
        return observation, reward_E, ends_E, ends_E, {}

    def close(self, **_: Any) -> None:
        if self._wrong == "close":
            raise RuntimeError("it cannot be closed")
