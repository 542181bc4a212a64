"""Environments as equations: a state per stream, and one NumPy call that steps every stream of a task.

State arrays hold one row for each of the D state variables and one column for each of the E streams.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Actions = NDArray[np.integer[Any]]
Outcome = tuple[Floats, Floats, NDArray[np.bool_]]


class Dynamics(ABC):
    """The transition function of a task, without a state of its own.

    Attributes:
        num_actions: size of the action set.
    """

    num_actions: int

    @abstractmethod
    def start(self, rng: np.random.Generator) -> Floats:
        """Draw the state, shape (D,), in which one episode begins."""

    @abstractmethod
    def step(self, state_DE: Floats, action_E: Actions, rng: np.random.Generator) -> Outcome:
        """Return next states, rewards and terminations as fresh arrays; `rng` is for noise."""

    def observe(self, state_DE: Floats) -> NDArray[np.float32]:
        """Return what is seen of each state, one row a stream: all of it, if not said otherwise."""
        return state_DE.T.astype(np.float32, order="C")


class DynamicsEnv(gymnasium.Env[NDArray[np.float32], np.int64]):
    """One stream of some dynamics as a Gymnasium environment, without a time limit."""

    def __init__(self, dynamics: Dynamics, observation_size: int) -> None:
        self.observation_space = Box(-np.inf, np.inf, (observation_size,), np.float32)
        self.action_space = Discrete(dynamics.num_actions)
        self._dynamics = dynamics
        self._state_D1: Floats = np.empty((0, 1))

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin an episode."""
        super().reset(seed=seed, options=options)
        self._state_D1 = self._dynamics.start(self.np_random)[:, None]
        return self._dynamics.observe(self._state_D1)[0], {}

    def step(self, action: np.int64) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Take one step; it is never truncated."""
        self._state_D1, reward, terminated = self._dynamics.step(
            self._state_D1, np.array([action]), self.np_random
        )
        return self._dynamics.observe(self._state_D1)[0], float(reward[0]), bool(terminated[0]), False, {}


def rk4(field: Callable[[Floats], Floats], state_DE: Floats, seconds: float | Floats) -> Floats:
    """One step of the classical Runge-Kutta method of order four, of one length or of one per stream."""
    half = 0.5 * seconds
    first = field(state_DE)
    second = field(state_DE + half * first)
    third = field(state_DE + half * second)
    fourth = field(state_DE + seconds * third)
    return state_DE + (seconds / 6.0) * (first + 2.0 * (second + third) + fourth)


def wrapped(angle_E: Floats) -> Floats:
    """Return angles in [-pi, pi), in radians."""
    return (angle_E + np.pi) % (2.0 * np.pi) - np.pi
