"""Adapters between Gymnasium and the rest: inspection of one environment, checked vectors of many."""

import difflib
from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray

from tasks.builtin import register_builtin_environments
from tasks.errors import TaskError
from tasks.spec import TaskSpec
from tasks.streams import StepOutput, failure, open_streams


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
        raise TaskError(f"{field}: environment {env!r} {_obstacle(env_kwargs, error)}") from error
    try:
        shape, dtype = _observation(field, env, instance.observation_space)
        num_actions = _num_actions(field, env, instance.action_space)
        limit = max_episode_steps or _time_limit(instance)
    finally:
        instance.close()
    if limit is None:
        raise TaskError(
            f"tasks.{task}.max_episode_steps: environment {env!r} has no time limit of its own; "
            "give one as a positive number of steps"
        )
    return shape, dtype, num_actions, limit


def _obstacle(env_kwargs: Mapping[str, Any], error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError) and f"{error.name}.".startswith("minatar."):
        return "needs an extra that is not installed: pip install --editable '.[minatar]'"
    return f"cannot be built with {dict(env_kwargs)}: {type(error).__name__}: {error}"


def _time_limit(instance: gymnasium.Env[Any, Any]) -> int | None:
    """Return the registered limit in steps, or one that the environment has by what it is built from."""
    registered = instance.spec.max_episode_steps if instance.spec else None
    return registered or getattr(instance.unwrapped, "max_episode_steps", None)


def _observation(field: str, env: str, space: gymnasium.Space[Any]) -> tuple[tuple[int, ...], str]:
    if not isinstance(space, Box):
        raise TaskError(
            f"{field}: {env!r} has {type(space).__name__} observations; allowed are Box observations "
            "(wrap the environment in gymnasium.wrappers.FlattenObservation for others)"
        )
    return space.shape, "uint8" if space.dtype in (np.uint8, np.bool_) else "float32"


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

        vector = CheckedVector(spec, num_envs=16, seed=1)
        frame_EO = vector.reset()
        frame_EO, reward_E, terminated_E, truncated_E = vector.step(action_E)
    """

    def __init__(self, spec: TaskSpec, num_envs: int, seed: int) -> None:
        self.spec = spec
        self.num_envs = num_envs
        self._streams = open_streams(spec, num_envs, seed)

    def reset(self, seed: int | None = None) -> NDArray[Any]:
        """Start every stream anew; returns frames of shape (num_envs, *frame_shape).

        Streams have the seeds from `seed` on, or those that they had before.
        """
        return self._finite("an observation", self._streams.reset(seed))

    def step(self, action_E: NDArray[np.integer[Any]]) -> StepOutput:
        """Step every stream once: frames, rewards, terminated, truncated; one row a stream.

        Raises:
            EnvironmentFailureError: an environment raised, or returned a wrong shape or a value that is
                not finite.
        """
        output = self._streams.step(action_E)
        self._finite("a reward", output[1])
        self._finite("an observation", output[0])
        return output

    def close(self) -> None:
        """Close every environment."""
        self._streams.close()

    def _finite(self, what: str, values: NDArray[Any]) -> NDArray[Any]:
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            bad = values[~np.isfinite(values)].flat[0]
            raise failure(self.spec, f"returned {what} that is not finite ({bad})")
        return values
