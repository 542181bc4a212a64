"""Episodes that begin one by one, each with a seed of its own: what an evaluation plays."""

import contextlib
from typing import Any, Protocol

import numpy as np
from gymnasium.utils.seeding import np_random
from numpy.typing import NDArray

from tasks.builtin.known_dynamics import dynamics_of
from tasks.dynamics import Actions, Dynamics, Floats
from tasks.environment import CheckedVector
from tasks.errors import EnvironmentFailureError
from tasks.spec import TaskSpec
from tasks.streams import StepOutput

WIDTH = 100
"""Streams of a task with known dynamics: they are columns of an array, and one more costs nothing."""


class EpisodeStreams(Protocol):
    """Streams that play one episode after another, each on its own.

    Attributes:
        beats: constructions, resets and steps of environments that have ended, ever: a sign of life.
    """

    beats: int

    def open(self, episodes: int) -> int:
        """Get ready to play so many episodes; return how many streams play at a time."""

    def begin(self, stream: int, seed: int) -> NDArray[Any]:
        """Begin an episode, whatever the stream did before; returns its first frame."""

    def step(self, action_E: Actions, plays_E: NDArray[np.bool_]) -> StepOutput:
        """Step the streams that play once: frames, rewards, terminated, truncated, one row a stream.

        Rewards are the environment's own, whatever wrappers make of them for the learner.

        The rows of the others mean nothing, and their rewards are 0.
        """

    def close(self) -> None:
        """Let go of what the environments hold; `open` begins anew."""


def episode_streams(spec: TaskSpec, num_envs: int) -> EpisodeStreams:
    """Return streams of a task: `num_envs` environments at most, where its dynamics are not known."""
    dynamics = dynamics_of(spec.recipe)
    if dynamics is not None:
        return DynamicsEpisodes(dynamics, spec.max_episode_steps)
    return EnvironmentEpisodes(spec, num_envs)


class DynamicsEpisodes:
    """Streams of a task with known dynamics, all in one state array, `WIDTH` of them at most.

    An episode begins with a generator of its seed, as a Gymnasium environment of that seed does. Noise of all
    streams comes from the first episode's.
    """

    def __init__(self, dynamics: Dynamics, max_episode_steps: int) -> None:
        self._dynamics = dynamics
        self._max_episode_steps = max_episode_steps
        self.beats = 0

    def open(self, episodes: int) -> int:
        """Forget everything."""
        width = min(WIDTH, episodes)
        self._noise: np.random.Generator | None = None
        self._state_DE: Floats = np.zeros((len(self._dynamics.start(np_random(0)[0])), width))
        self._age_E = np.zeros(width, np.int64)
        return width

    def begin(self, stream: int, seed: int) -> NDArray[np.float32]:
        """Begin an episode."""
        rng = np_random(seed)[0]
        self._state_DE[:, stream] = self._dynamics.start(rng)
        self._age_E[stream] = 0
        self._noise = self._noise or rng
        self.beats += 1
        frame_O: NDArray[np.float32] = self._dynamics.observe(self._state_DE[:, [stream]])[0]
        return frame_O

    def step(self, action_E: Actions, plays_E: NDArray[np.bool_]) -> StepOutput:
        """Step the streams that play; the others stay as they are."""
        assert self._noise is not None, "an episode has begun"
        next_DE, reward_E, terminated_E = self._dynamics.step(self._state_DE, action_E, self._noise)
        self._state_DE = np.where(plays_E, next_DE, self._state_DE)
        self._age_E += 1
        self.beats += 1
        truncated_E = self._age_E >= self._max_episode_steps
        return self._dynamics.observe(self._state_DE), reward_E * plays_E, terminated_E, truncated_E

    def close(self) -> None:
        """Do nothing: arrays need no closing."""


class EnvironmentEpisodes:
    """Streams of Gymnasium environments, each built when it is first needed and kept until `close`."""

    def __init__(self, spec: TaskSpec, num_envs: int) -> None:
        self._spec = spec
        self._num_envs = num_envs
        self._vectors: list[CheckedVector] = []
        self.beats = 0

    def open(self, episodes: int) -> int:
        """Return the number of streams."""
        return min(self._num_envs, episodes)

    def begin(self, stream: int, seed: int) -> NDArray[Any]:
        """Begin an episode.

        Raises:
            EnvironmentFailureError: the environment cannot be built, or broke its contract.
        """
        if stream == len(self._vectors):
            self._vectors.append(self._built(seed))
            self.beats += 1
        frame_O: NDArray[Any] = self._vectors[stream].reset(seed)[0]
        self.beats += 1
        return frame_O

    def step(self, action_E: Actions, plays_E: NDArray[np.bool_]) -> StepOutput:
        """Step the environments that play, one after the other.

        Raises:
            EnvironmentFailureError: one of them broke its contract.
        """
        width = len(plays_E)
        frame_EO = np.zeros((width, *self._spec.frame_shape), self._spec.frame_dtype)
        reward_E, terminated_E, truncated_E = np.zeros(width), np.zeros(width, bool), np.zeros(width, bool)
        for stream in plays_E.nonzero()[0].tolist():
            row = slice(stream, stream + 1)
            output = self._vectors[stream].step(action_E[row])
            frame_EO[row], reward_E[row], terminated_E[row], truncated_E[row] = output
            own_reward_E = self._vectors[stream].aside.own_reward_E
            if own_reward_E is not None:
                reward_E[row] = own_reward_E
            self.beats += 1
        return frame_EO, reward_E, terminated_E, truncated_E

    def close(self) -> None:
        """Close every environment, also where one that is broken does not close in order."""
        vectors, self._vectors = self._vectors, []
        for vector in vectors:
            with contextlib.suppress(Exception):
                vector.close()

    def _built(self, seed: int) -> CheckedVector:
        try:
            return CheckedVector(self._spec, 1, seed)
        except EnvironmentFailureError as error:
            number = len(self._vectors) + 1
            raise EnvironmentFailureError(
                f"{error}; it was to be evaluated, as number {number} of evaluation.envs (with --runtime "
                "local those that act are in the same process)"
            ) from error
