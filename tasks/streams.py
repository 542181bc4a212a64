"""Streams of one task that step in lockstep: Gymnasium environments in a loop, or dynamics in one call."""

import logging
import sys
from typing import Any, Protocol

import numpy as np
from gymnasium.utils.seeding import np_random
from numpy.typing import NDArray

from tasks.aside import Aside
from tasks.builtin.known_dynamics import dynamics_of
from tasks.contract import kept_end, kept_reset, kept_reward, kept_step, raised
from tasks.declared import Declared, agreed
from tasks.dynamics import Actions, Dynamics, Floats
from tasks.errors import ContractError, EnvironmentFailureError, MakingError, told
from tasks.lives import Lives
from tasks.making import Made, make
from tasks.spec import TaskSpec

logger = logging.getLogger(__name__)

StepOutput = tuple[NDArray[Any], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]


class Streams(Protocol):
    """`num_envs` streams; the step after an episode's end begins the next one and ignores its action.

    Attributes:
        aside: what there is to say of the last step besides its output.
    """

    aside: Aside

    def reset(self, seed: int | None = None) -> NDArray[Any]:
        """Start every stream anew with its own seed; returns first frames, one row a stream.

        `seed` takes the place of the first stream's seed from here on; the others have those after it.
        """

    def step(self, action_E: Actions) -> StepOutput:
        """Step every stream once: frames, rewards, terminated, truncated, all of them fresh arrays."""

    def close(self) -> None:
        """Let go of what the environments hold."""


def open_streams(spec: TaskSpec, num_envs: int, seed: int) -> Streams:
    """Return the streams of a task: one call for all of them if its dynamics are known, else a loop.

    Raises:
        EnvironmentFailureError: an environment cannot be built.
    """
    dynamics = dynamics_of(spec.recipe)
    if dynamics is not None:
        return DynamicsStreams(dynamics, spec.max_episode_steps, num_envs, seed)
    return GymnasiumStreams(spec, num_envs, seed)


def failure(spec: TaskSpec, what: str) -> EnvironmentFailureError:
    """Return the error of a task whose environment did something wrong, as one sentence."""
    return EnvironmentFailureError(f"task {spec.name!r}: environment {spec.recipe.named} {what}")


class DynamicsStreams:
    """Streams of one task with known dynamics, all in one state array.

    Stream e starts its episodes with a generator of seed + e, as a Gymnasium environment of that seed
    does. Noise of all streams comes from the first stream's.
    """

    aside = Aside()

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
    """Gymnasium environments, stepped one after the other; what they do wrong becomes one sentence.

    A loop of its own, since Gymnasium's `SyncVectorEnv` spends as much on infos and actions as a small
    environment on its step.

    Raises:
        EnvironmentFailureError: an environment cannot be built, raises, or breaks its contract.
    """

    def __init__(self, spec: TaskSpec, num_envs: int, seed: int) -> None:
        self._spec = spec
        self._seed = seed
        self._made: list[Made] = []
        self.aside = Aside()
        self._recursion_limit = sys.getrecursionlimit()  # what an environment makes of it is put back at once
        try:
            for _ in range(num_envs):
                self._made.append(make(spec.recipe))
        except MakingError as error:
            self.close()
            which = f" (number {len(self._made) + 1} of {num_envs})" if num_envs > 1 else ""
            raise EnvironmentFailureError(f"task {spec.name!r}: {error}{which}") from error
        self._envs: list[Any] = [made.instance for made in self._made]
        self._lives = Lives(num_envs) if spec.reading.life_loss else None
        declared = self._agreed()
        self._observations, self._actions = declared.observations, declared.actions
        self._ended = [False] * num_envs

    def reset(self, seed: int | None = None) -> NDArray[Any]:
        """Start every stream anew."""
        self._seed = self._seed if seed is None else seed
        self._ended = [False] * len(self._envs)
        frame_EO, views = self._no_frames()
        for index in range(len(self._envs)):
            self._reset(index, views, seed=self._seed + index)
        sys.setrecursionlimit(self._recursion_limit)
        return frame_EO

    def step(self, action_E: Actions) -> StepOutput:
        """Step every stream once."""
        num_envs = len(self._envs)
        frame_EO, views = self._no_frames()
        rewards = [0.0] * num_envs
        terminations, truncations = [False] * num_envs, [False] * num_envs
        lost = [False] * num_envs
        for index, action in enumerate(self._actions.native(action_E)):
            if self._ended[index]:
                self._reset(index, views, seed=None)
                continue
            try:
                answer = self._envs[index].step(action)
            except BaseException as error:
                raise failure(self._spec, raised("step", error)) from error
            try:
                observation, reward, terminated, truncated, info = kept_step(answer)
                rewards[index] = kept_reward(reward)
                terminations[index] = kept_end("terminated", terminated)
                truncations[index] = kept_end("truncated", truncated)
                self._observations.read(observation, info, views, index, ended=terminations[index])
                if self._lives is not None:
                    lost[index] = self._lives.lost(index, info)
            except ContractError as error:
                raise failure(self._spec, str(error)) from error
        sys.setrecursionlimit(self._recursion_limit)
        self._ended = [a or b for a, b in zip(terminations, truncations, strict=True)]
        self.aside = Aside(self._own_rewards(), None if self._lives is None else np.array(lost))
        return frame_EO, np.array(rewards), np.array(terminations), np.array(truncations)

    def close(self) -> None:
        """Close every environment; what they raise is a warning, and keeps none of the others open."""
        for made in self._made:
            try:
                made.instance.close()
            except BaseException as error:
                logger.warning("%s", failure(self._spec, f"raised in close: {told(error)}"))

    def _agreed(self) -> Declared:
        """Return the readers; every environment has to be as the task was found to be."""
        spec = self._spec
        first: Declared | None = None
        try:
            for env in self._envs:
                declared = agreed(
                    env, spec.reading, spec.layout, spec.choices, first.actions if first else None
                )
                first = first or declared
        except ContractError as error:
            self.close()
            raise failure(spec, str(error)) from error
        assert first is not None, "there is an environment"
        return first

    def _own_rewards(self) -> NDArray[np.float64] | None:
        """Return what the environments paid in this step; None where they have no wrappers."""
        counted = [made.own_rewards for made in self._made]
        return (
            np.array([own.take() for own in counted if own is not None]) if counted[0] is not None else None
        )

    def _no_frames(self) -> tuple[NDArray[Any], list[NDArray[Any]]]:
        """Return frames that hold nothing yet, and views of their parts."""
        layout = self._observations.layout
        frame_EO = np.zeros((len(self._envs), *layout.frame_shape), layout.frame_dtype)
        return frame_EO, layout.parts_of(frame_EO)

    def _reset(self, index: int, views: list[NDArray[Any]], seed: int | None) -> None:
        try:
            answer = self._envs[index].reset(seed=seed)
        except BaseException as error:
            raise failure(self._spec, raised("reset", error)) from error
        try:
            observation, info = kept_reset(answer)
            own_rewards = self._made[index].own_rewards
            if own_rewards is not None:
                own_rewards.take()
            self._observations.read(observation, info, views, index)
            if self._lives is not None:
                self._lives.begin(index, info)
        except ContractError as error:
            raise failure(self._spec, str(error)) from error
