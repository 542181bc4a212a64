"""Adapters between Gymnasium and the rest: inspection of one environment, checked vectors of many."""

import difflib
from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray

from tasks.builtin import register_builtin_environments
from tasks.errors import EnvironmentFailureError, TaskError
from tasks.spec import TaskSpec

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


class CheckedVector:
    """`num_envs` streams of one task in lockstep.

    A step that terminates or truncates an episode returns the episode's last frame; the stream's next step
    ignores its action and returns the first frame of a new episode (Gymnasium's NEXT_STEP mode). Frames come
    in the task's dtype. Whatever an environment does wrong becomes one sentence that names its task.

    A loop of its own, since Gymnasium's `SyncVectorEnv` spends as much on infos and actions as a small
    environment on its step.

        vector = CheckedVector(spec, num_envs=16, seed=1)
        frame_EO = vector.reset()
        frame_EO, reward_E, terminated_E, truncated_E = vector.step(action_E)
    """

    def __init__(self, spec: TaskSpec, num_envs: int, seed: int) -> None:
        register_builtin_environments()
        self.spec = spec
        self.num_envs = num_envs
        self._seed = seed
        self._envs = [
            gymnasium.make(
                spec.env,
                max_episode_steps=spec.max_episode_steps,
                disable_env_checker=True,
                **dict(spec.env_kwargs),
            )
            for _ in range(num_envs)
        ]
        self._first_action = int(self._envs[0].action_space.start)  # type: ignore[attr-defined]
        self._frame_shape, self._dtype = spec.frame_shape, np.dtype(spec.observation_dtype)
        self._ended = [False] * num_envs

    def reset(self) -> NDArray[Any]:
        """Start every stream anew; returns frames of shape (num_envs, *frame_shape)."""
        self._ended = [False] * self.num_envs
        frame_EO = self._no_frames()
        for index in range(self.num_envs):
            self._reset(index, frame_EO, seed=self._seed + index)
        return self._finite(frame_EO)

    def step(self, action_E: NDArray[np.integer[Any]]) -> StepOutput:
        """Step every stream once: frames, rewards, terminated, truncated; one row a stream.

        Raises:
            EnvironmentFailureError: an environment raised, or returned a wrong shape or a value that is
                not finite.
        """
        frame_EO = self._no_frames()
        rewards = [0.0] * self.num_envs
        terminations, truncations = [False] * self.num_envs, [False] * self.num_envs
        for index, action in enumerate(action_E + self._first_action):
            if self._ended[index]:
                self._reset(index, frame_EO, seed=None)
                continue
            try:
                observation, reward, terminated, truncated, _ = self._envs[index].step(action)
                rewards[index] = float(reward)
            except Exception as error:
                raise self._failure(f"raised in step: {type(error).__name__}: {error}") from error
            terminations[index], truncations[index] = bool(terminated), bool(truncated)
            frame_EO[index] = self._checked(observation)
        self._ended = [a or b for a, b in zip(terminations, truncations, strict=True)]
        reward_E = np.array(rewards)
        if not np.isfinite(reward_E).all():
            raise self._not_finite("a reward", reward_E)
        return self._finite(frame_EO), reward_E, np.array(terminations), np.array(truncations)

    def close(self) -> None:
        """Close every environment."""
        for env in self._envs:
            env.close()

    def _no_frames(self) -> NDArray[Any]:
        return np.empty((self.num_envs, *self.spec.frame_shape), self.spec.observation_dtype)

    def _reset(self, index: int, frame_EO: NDArray[Any], seed: int | None) -> None:
        try:
            observation, _ = self._envs[index].reset(seed=seed)
        except Exception as error:
            raise self._failure(f"raised in reset: {type(error).__name__}: {error}") from error
        frame_EO[index] = self._checked(observation)

    def _checked(self, observation: NDArray[Any]) -> NDArray[Any]:
        """Return an observation as it can be kept: an array of the declared shape and the task's dtype."""
        if type(observation) is not np.ndarray or observation.dtype != self._dtype:
            observation = self._converted(observation)
        if observation.shape != self._frame_shape:
            raise self._failure(
                f"returned an observation of shape {observation.shape}, but declares {self._frame_shape}"
            )
        return observation

    def _converted(self, observation: object) -> NDArray[Any]:
        try:
            with np.errstate(over="ignore"):
                return np.asarray(observation).astype(self._dtype)
        except (TypeError, ValueError) as error:
            raise self._failure(f"returned an observation that is no array of numbers: {error}") from error

    def _finite(self, frame_EO: NDArray[Any]) -> NDArray[Any]:
        if frame_EO.dtype.kind == "f" and not np.isfinite(frame_EO).all():
            raise self._not_finite("an observation", frame_EO)
        return frame_EO

    def _not_finite(self, what: str, value: NDArray[Any]) -> EnvironmentFailureError:
        bad = value[~np.isfinite(value)].flat[0]
        return self._failure(f"returned {what} that is not finite ({bad})")

    def _failure(self, what: str) -> EnvironmentFailureError:
        return EnvironmentFailureError(f"task {self.spec.name!r}: environment {self.spec.env!r} {what}")
