"""Streams of one task that step in lockstep: Gymnasium environments in a loop, or dynamics in one call."""

from typing import Any, Protocol

import gymnasium
import numpy as np
from gymnasium.utils.seeding import np_random
from numpy.typing import NDArray

from tasks.builtin import register_builtin_environments
from tasks.builtin.known_dynamics import dynamics_of
from tasks.dynamics import Actions, Dynamics, Floats
from tasks.errors import EnvironmentFailureError
from tasks.spec import TaskSpec

StepOutput = tuple[NDArray[Any], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]


class Streams(Protocol):
    """`num_envs` streams; the step behind an episode's end begins the next one and ignores its action."""

    def reset(self, seed: int | None = None) -> NDArray[Any]:
        """Start every stream anew with its own seed; returns first frames, one row a stream.

        `seed` takes the place of the first stream's seed from here on; the others have those after it.
        """

    def step(self, action_E: Actions) -> StepOutput:
        """Step every stream once: frames, rewards, terminated, truncated, all of them fresh arrays."""

    def close(self) -> None:
        """Let go of what the environments hold."""


def open_streams(spec: TaskSpec, num_envs: int, seed: int) -> Streams:
    """Return the streams of a task: one call for all of them if its dynamics are known, else a loop."""
    register_builtin_environments()
    dynamics = dynamics_of(spec.env, spec.env_kwargs)
    if dynamics is not None:
        return DynamicsStreams(dynamics, spec.max_episode_steps, num_envs, seed)
    return GymnasiumStreams(spec, num_envs, seed)


def failure(spec: TaskSpec, what: str) -> EnvironmentFailureError:
    """Return the error of a task whose environment did something wrong, as one sentence."""
    return EnvironmentFailureError(f"task {spec.name!r}: environment {spec.env!r} {what}")


class DynamicsStreams:
    """Streams of one task with known dynamics, all in one state array.

    Stream e starts its episodes with a generator of seed + e, as a Gymnasium environment of that seed
    does. Noise of all streams comes from the first stream's.
    """

    def __init__(self, dynamics: Dynamics, max_episode_steps: int, num_envs: int, seed: int) -> None:
        self._dynamics = dynamics
        self._max_episode_steps = max_episode_steps
        self._num_envs, self._seed = num_envs, seed
        self.reset()

    def reset(self, seed: int | None = None) -> NDArray[Any]:
        """Start every stream anew."""
        self._seed = self._seed if seed is None else seed
        self._rngs = [np_random(self._seed + index)[0] for index in range(self._num_envs)]
        self._state_DE: Floats = np.stack([self._dynamics.start(rng) for rng in self._rngs], axis=1)
        self._age_E = np.zeros(len(self._rngs), np.int64)
        self._ended: list[int] = []
        return self._dynamics.observe(self._state_DE)

    def step(self, action_E: Actions) -> StepOutput:
        """Step every stream once."""
        state_DE, reward_E, terminated_E = self._dynamics.step(self._state_DE, action_E, self._rngs[0])
        self._age_E += 1
        if self._ended:
            for stream in self._ended:
                state_DE[:, stream] = self._dynamics.start(self._rngs[stream])
            reward_E[self._ended] = 0.0
            terminated_E[self._ended] = False
            self._age_E[self._ended] = 0
        truncated_E = self._age_E >= self._max_episode_steps
        self._state_DE = state_DE
        self._ended = (terminated_E | truncated_E).nonzero()[0].tolist()
        return self._dynamics.observe(state_DE), reward_E, terminated_E, truncated_E

    def close(self) -> None:
        """Do nothing: arrays need no closing."""


class GymnasiumStreams:
    """Gymnasium environments, stepped one after the other; what they return wrong becomes one sentence.

    Boolean observations become 0 and 255, the range of uint8 that the network expects.

    A loop of its own, since Gymnasium's `SyncVectorEnv` spends as much on infos and actions as a small
    environment on its step.
    """

    def __init__(self, spec: TaskSpec, num_envs: int, seed: int) -> None:
        self._spec = spec
        self._seed = seed
        self._envs = [_make(spec) for _ in range(num_envs)]
        self._first_action = int(self._envs[0].action_space.start)  # type: ignore[attr-defined]
        self._frame_shape, self._dtype = spec.frame_shape, np.dtype(spec.observation_dtype)
        self._ended = [False] * num_envs

    def reset(self, seed: int | None = None) -> NDArray[Any]:
        """Start every stream anew."""
        self._seed = self._seed if seed is None else seed
        self._ended = [False] * len(self._envs)
        frame_EO = self._no_frames()
        for index in range(len(self._envs)):
            self._reset(index, frame_EO, seed=self._seed + index)
        return frame_EO

    def step(self, action_E: Actions) -> StepOutput:
        """Step every stream once."""
        num_envs = len(self._envs)
        frame_EO = self._no_frames()
        rewards = [0.0] * num_envs
        terminations, truncations = [False] * num_envs, [False] * num_envs
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
        return frame_EO, np.array(rewards), np.array(terminations), np.array(truncations)

    def close(self) -> None:
        """Close every environment."""
        for env in self._envs:
            env.close()

    def _no_frames(self) -> NDArray[Any]:
        return np.empty((len(self._envs), *self._frame_shape), self._dtype)

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
                array = np.asarray(observation)
                if array.dtype == np.bool_ and self._dtype == np.uint8:
                    return array.view(np.uint8) * np.uint8(255)
                return array.astype(self._dtype)
        except (TypeError, ValueError) as error:
            raise self._failure(f"returned an observation that is no array of numbers: {error}") from error

    def _failure(self, what: str) -> EnvironmentFailureError:
        return failure(self._spec, what)


def _make(spec: TaskSpec) -> gymnasium.Env[Any, Any]:
    return gymnasium.make(
        spec.env, max_episode_steps=spec.max_episode_steps, disable_env_checker=True, **dict(spec.env_kwargs)
    )
