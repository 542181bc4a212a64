"""Episodes that begin one by one, each with a seed of its own: what an evaluation plays."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.contract import refuse_infinite_step
from tasks.dynamics import Actions
from tasks.sources.interface import EpisodeStreams, StepOutput
from tasks.sources.table import source_of
from tasks.spec import TaskSpec


class CheckedEpisodes:
    """Streams that play one episode after another, each on its own; what is not finite becomes one sentence.

        streams = CheckedEpisodes(spec, num_envs=8)
        width = streams.open(episodes=100)
        frame_EO = np.stack([streams.begin(stream, seed + stream) for stream in range(width)])
        frame_EO, reward_E, terminated_E, truncated_E = streams.step(action_E, plays_E)

    Args:
        spec: the task.
        num_envs: environments at most, where each takes memory.
    """

    def __init__(self, spec: TaskSpec, num_envs: int) -> None:
        self._spec = spec
        self._streams: EpisodeStreams = source_of(spec.recipe).episodes(spec, num_envs)

    @property
    def beats(self) -> int:
        """Constructions, resets and steps of environments that have ended, ever: a sign of life."""
        return self._streams.beats

    def open(self, episodes: int) -> int:
        """Get ready to play so many episodes; return how many streams play at a time."""
        return self._streams.open(episodes)

    def begin(self, stream: int, seed: int) -> NDArray[Any]:
        """Begin an episode, whatever the stream did before; returns its first frame.

        Episodes are begun in the order of their seeds, which follow one another.

        Raises:
            EnvironmentFailureError: the environment cannot be built, or broke its contract.
        """
        frame_O = self._streams.begin(stream, seed)
        refuse_infinite_step(self._spec, frame_O[None])
        return frame_O

    def step(self, action_E: Actions, plays_E: NDArray[np.bool_]) -> StepOutput:
        """Step the streams that play once: frames, rewards, terminated, truncated, one row a stream.

        Rewards are the environment's own, whatever wrappers make of them for the learner.

        The rows of the others mean nothing, and their rewards are 0.

        Raises:
            EnvironmentFailureError: one of them broke its contract.
        """
        output = self._streams.step(action_E, plays_E)
        refuse_infinite_step(self._spec, output[0], output[1])
        return output

    def close(self) -> None:
        """Let go of what the environments hold; `open` begins anew."""
        self._streams.close()
