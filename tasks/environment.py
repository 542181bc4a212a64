"""Adapters between Gymnasium and the rest: inspection of one environment, checked vectors of many."""

import difflib
from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from numpy.typing import NDArray

from tasks.builtin import register_builtin_environments
from tasks.errors import EnvironmentFailureError, TaskError
from tasks.spec import TaskSpec

VectorEnv = gymnasium.vector.VectorEnv[NDArray[Any], NDArray[Any], NDArray[Any]]
StepOutput = tuple[NDArray[Any], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]


def inspect_environment(
    task: str, env: str, env_kwargs: Mapping[str, Any], max_episode_steps: int | None
) -> tuple[tuple[int, ...], str, int, int]:
    """Build the environment once and read what it declares.

    Returns:
        Observation shape, observation dtype (`float32` or `uint8`), number of actions, time limit in steps.

    Raises:
        TaskError: the environment is unknown or cannot be built, is not one that trunkline can train on
            (Box observations, Discrete actions), or has no time limit.
    """
    register_builtin_environments()
    field = f"tasks.{task}.env"
    try:
        instance = gymnasium.make(env, **dict(env_kwargs))
    except gymnasium.error.UnregisteredEnv as error:
        raise TaskError(f"{field}: unknown environment {env!r}; {_nearest_environment(env)}") from error
    except Exception as error:
        raise TaskError(
            f"{field}: environment {env!r} cannot be built with {dict(env_kwargs)}: "
            f"{type(error).__name__}: {error}"
        ) from error
    try:
        shape, dtype = _observation(field, env, instance.observation_space)
        num_actions = _num_actions(field, env, instance.action_space)
        limit = max_episode_steps or (instance.spec.max_episode_steps if instance.spec else None)
    finally:
        instance.close()
    if limit is None:
        raise TaskError(
            f"tasks.{task}.max_episode_steps: environment {env!r} has no time limit of its own; "
            "give one as a positive number of steps"
        )
    return shape, dtype, num_actions, limit


def _observation(field: str, env: str, space: gymnasium.Space[Any]) -> tuple[tuple[int, ...], str]:
    if not isinstance(space, Box):
        raise TaskError(
            f"{field}: {env!r} has {type(space).__name__} observations; allowed are Box observations "
            "(wrap the environment in gymnasium.wrappers.FlattenObservation for others)"
        )
    return space.shape, "uint8" if space.dtype == np.uint8 else "float32"


def _num_actions(field: str, env: str, space: gymnasium.Space[Any]) -> int:
    if not isinstance(space, Discrete):
        raise TaskError(
            f"{field}: {env!r} has {type(space).__name__} actions; a value network needs Discrete ones "
            "(such as CartPole-v1, MountainCar-v0, Acrobot-v1, or a discretising wrapper of yours)"
        )
    return int(space.n)


def _nearest_environment(env: str) -> str:
    near = difflib.get_close_matches(env, list(gymnasium.registry), n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"{hint}allowed are registered Gymnasium ids, or module:id for one that a module registers"


class _CheckedEnv(gymnasium.Wrapper[NDArray[Any], np.int64, NDArray[Any], Any]):
    """Turns whatever an environment does wrong into one sentence that names its task."""

    def __init__(self, env: gymnasium.Env[NDArray[Any], Any], spec: TaskSpec) -> None:
        super().__init__(env)
        self._task = spec
        self._first_action = int(env.action_space.start)  # type: ignore[attr-defined]

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[Any], dict[str, Any]]:
        try:
            observation, info = self.env.reset(seed=seed, options=options)
        except Exception as error:
            raise self._failure(f"raised in reset: {type(error).__name__}: {error}") from error
        return self._checked(observation), info

    def step(self, action: np.int64) -> tuple[NDArray[Any], float, bool, bool, dict[str, Any]]:
        try:
            observation, reward, terminated, truncated, info = self.env.step(action + self._first_action)
            reward_number = float(reward)
        except Exception as error:
            raise self._failure(f"raised in step: {type(error).__name__}: {error}") from error
        return self._checked(observation), reward_number, terminated, truncated, info

    def _checked(self, observation: NDArray[Any]) -> NDArray[Any]:
        if np.shape(observation) != self._task.observation_shape:
            raise self._failure(
                f"returned an observation of shape {np.shape(observation)}, "
                f"but declares {self._task.observation_shape}"
            )
        return observation

    def _failure(self, what: str) -> EnvironmentFailureError:
        return EnvironmentFailureError(f"task {self._task.name!r}: environment {self._task.env!r} {what}")


class CheckedVector:
    """`num_envs` streams of one task in lockstep.

    A step that terminates or truncates an episode returns the episode's last observation; the stream's next
    step ignores its action and returns the first observation of a new episode (Gymnasium's NEXT_STEP mode).
    Observations come in the task's dtype.

        vector = CheckedVector(spec, num_envs=16, seed=1)
        obs_EO = vector.reset()
        obs_EO, reward_E, terminated_E, truncated_E = vector.step(action_E)
    """

    def __init__(self, spec: TaskSpec, num_envs: int, seed: int) -> None:
        register_builtin_environments()
        self.spec = spec
        self.num_envs = num_envs
        self._seed = seed
        self._vector = SyncVectorEnv(
            [self._make] * num_envs, copy=False, autoreset_mode=AutoresetMode.NEXT_STEP
        )

    def _make(self) -> _CheckedEnv:
        spec = self.spec
        env = gymnasium.make(
            spec.env,
            max_episode_steps=spec.max_episode_steps,
            disable_env_checker=True,
            **dict(spec.env_kwargs),
        )
        return _CheckedEnv(env, spec)

    def reset(self) -> NDArray[Any]:
        """Start every stream anew; returns observations of shape (num_envs, *observation_shape)."""
        observation, _ = self._vector.reset(seed=self._seed)
        return self._finite(observation)

    def step(self, action_E: NDArray[np.integer[Any]]) -> StepOutput:
        """Step every stream once: observations, rewards, terminated, truncated; one row a stream.

        Raises:
            EnvironmentFailureError: an environment raised, or returned a wrong shape or a value that is
                not finite.
        """
        observation, reward, terminated, truncated, _ = self._vector.step(action_E)
        if not np.isfinite(reward).all():
            raise self._not_finite("a reward", reward)
        return self._finite(observation), reward, terminated, truncated

    def close(self) -> None:
        """Close every environment."""
        self._vector.close()

    def _finite(self, observation: NDArray[Any]) -> NDArray[Any]:
        """Return a copy in the task's dtype: the vector writes all its observations into one buffer."""
        with np.errstate(over="ignore"):
            copied = observation.astype(self.spec.observation_dtype)
        if copied.dtype.kind == "f" and not np.isfinite(copied).all():
            raise self._not_finite("an observation", copied)
        return copied

    def _not_finite(self, what: str, value: NDArray[Any]) -> EnvironmentFailureError:
        bad = value[~np.isfinite(value)].flat[0]
        return EnvironmentFailureError(
            f"task {self.spec.name!r}: environment {self.spec.env!r} returned "
            f"{what} that is not finite ({bad})"
        )
