"""The source of tasks whose dynamics are known here: one call steps all their streams."""

from typing import Any

import numpy as np
from gymnasium.utils.seeding import np_random
from numpy.typing import NDArray

from tasks.aside import Aside
from tasks.dynamics import Actions, Dynamics, Floats
from tasks.making import OF_GYMNASIUM, make_environment
from tasks.recipe import Recipe
from tasks.sources.interface import StepOutput
from tasks.spec import TaskSpec

WIDTH = 100
"""Streams that are evaluated at a time: they are columns of an array, and one more costs nothing."""


class DynamicsSource:
    """Tasks of trunkline's own dynamics.

    Args:
        dynamics: of the task.
    """

    reserved = OF_GYMNASIUM
    keeper = "Gymnasium"
    trusted = True
    wraps = False
    about = "known dynamics, all streams in one array"

    def __init__(self, dynamics: Dynamics) -> None:
        self._dynamics = dynamics

    def instance(self, recipe: Recipe) -> Any:  # noqa: ANN401 - as the interface says
        """Return one environment of Gymnasium's."""
        return make_environment(recipe)

    def streams(self, spec: TaskSpec, num_envs: int, seed: int) -> "DynamicsStreams":
        """Open streams, all of them in one array."""
        return DynamicsStreams(self._dynamics, spec.max_episode_steps, num_envs, seed)

    def episodes(self, spec: TaskSpec, num_envs: int) -> "DynamicsEpisodes":  # noqa: ARG002 - none takes memory
        """Open streams of an evaluation, as many as `WIDTH`."""
        return DynamicsEpisodes(self._dynamics, spec.max_episode_steps)


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
