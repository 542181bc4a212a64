"""Episodes of an evaluation in streams that each have an environment, and a seed, of their own."""

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.dynamics import Actions
from tasks.errors import EnvironmentFailureError
from tasks.sources.interface import StepOutput, Streams
from tasks.spec import TaskSpec


class EpisodesOneByOne:
    """Streams of one environment each, built when it is first needed and kept until `close`.

    Args:
        spec: the task.
        num_envs: streams at most.
        open_one: opens one stream, given its seed.
    """

    def __init__(self, spec: TaskSpec, num_envs: int, open_one: Callable[[int], Streams]) -> None:
        self._spec = spec
        self._num_envs = num_envs
        self._open_one = open_one
        self._opened: list[Streams] = []
        self.beats = 0

    def open(self, episodes: int) -> int:
        """Return the number of streams."""
        return min(self._num_envs, episodes)

    def begin(self, stream: int, seed: int) -> NDArray[Any]:
        """Begin an episode.

        Raises:
            EnvironmentFailureError: the environment cannot be built, or broke its contract.
        """
        if stream == len(self._opened):
            self._opened.append(self._built(seed))
            self.beats += 1
        frame_O: NDArray[Any] = self._opened[stream].reset(seed)[0]
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
            output = self._opened[stream].step(action_E[row])
            frame_EO[row], reward_E[row], terminated_E[row], truncated_E[row] = output
            own_reward_E = self._opened[stream].aside.own_reward_E
            if own_reward_E is not None:
                reward_E[row] = own_reward_E
            self.beats += 1
        return frame_EO, reward_E, terminated_E, truncated_E

    def close(self) -> None:
        """Close every environment, also where one that is broken does not close in order."""
        opened, self._opened = self._opened, []
        for streams in opened:
            with contextlib.suppress(Exception):
                streams.close()

    def _built(self, seed: int) -> Streams:
        try:
            return self._open_one(seed)
        except EnvironmentFailureError as error:
            number = len(self._opened) + 1
            raise EnvironmentFailureError(
                f"{error}; it was to be evaluated, as number {number} of evaluation.envs (with --runtime "
                "local those that act are in the same process)"
            ) from error
