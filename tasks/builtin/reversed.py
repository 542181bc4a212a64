"""Reversed: another environment whose actions mean the opposite, as a control where sharing must hurt."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Discrete
from numpy.typing import NDArray

from tasks.dynamics import Actions, Dynamics, Floats, Outcome


class Reversed(gymnasium.Env[Any, np.int64]):
    """The environment `env`, built with the other arguments, with its n actions in reverse order.

    Action a does what action n - 1 - a does in `env`; observations, rewards and ends are the same. Trained
    beside `env` itself, it asks for opposite values of equal observations.

    Attributes:
        max_episode_steps: time limit of `env`; None if it has none.

    Raises:
        ValueError: `env` is not registered, or its actions are not Discrete.
    """

    def __init__(self, env: str, **env_kwargs: object) -> None:
        try:
            self.max_episode_steps = gymnasium.spec(env).max_episode_steps
        except gymnasium.error.UnregisteredEnv as error:
            raise ValueError(f"{env!r} is no registered environment") from error
        self._env = gymnasium.make(env, max_episode_steps=-1, disable_env_checker=True, **env_kwargs)
        actions = self._env.action_space
        if not isinstance(actions, Discrete):
            raise ValueError(
                f"{env!r} has {type(actions).__name__} actions; only Discrete ones have an order"
            )
        self.observation_space, self.action_space = self._env.observation_space, actions
        self._first_plus_last = 2 * actions.start + actions.n - 1

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Reset the environment."""
        return self._env.reset(seed=seed, options=options)

    def step(self, action: np.int64) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Step the environment with the opposite action."""
        observation, reward, terminated, truncated, info = self._env.step(self._first_plus_last - action)
        return observation, float(reward), terminated, truncated, info

    def close(self) -> None:
        """Close the environment."""
        self._env.close()


class ReversedDynamics(Dynamics):
    """The dynamics of a `Reversed` environment."""

    def __init__(self, dynamics: Dynamics) -> None:
        self.num_actions = dynamics.num_actions
        self._dynamics = dynamics

    def start(self, rng: np.random.Generator) -> Floats:
        """Begin as the reversed one does."""
        return self._dynamics.start(rng)

    def step(self, state_DE: Floats, action_E: Actions, rng: np.random.Generator) -> Outcome:
        """Step with the opposite actions."""
        return self._dynamics.step(state_DE, self.num_actions - 1 - action_E, rng)

    def observe(self, state_DE: Floats) -> NDArray[np.float32]:
        """See what is seen of the reversed one."""
        return self._dynamics.observe(state_DE)
