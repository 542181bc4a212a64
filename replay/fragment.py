"""The unit of experience that actors send: fragments of environment streams, stacked into a block.

Shape letters: E streams, T rows of a fragment, L starts of a fragment (L <= T), K finished episodes.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

TERMINATED = 1
"""Flag of a row whose step ended the episode for good: nothing follows to bootstrap from."""
TRUNCATED = 2
"""Flag of a row whose step was the last for another reason, a time limit say: bootstrap through it."""
BOUNDARY = 4
"""Flag of a row that only holds an episode's last observation: no transition starts there."""


@dataclass(frozen=True)
class FragmentBlock:
    """Fragments of equal length from the streams of one actor.

    A row is (observation, action taken there, reward of that action, flags of that step). The first
    `num_starts` rows of a fragment are where transitions start; the T - L rows behind them are there so that
    n-step returns can be cut without any other fragment. Every row of a stream is a start in one fragment.

    Attributes:
        task: name of the task.
        actor: name of the sender.
        incarnation: counts the sender's lives; a later one supersedes an earlier one.
        sequence: counts the sender's blocks from 0 within a life.
        weights_version: version of the weights that chose the actions.
        observations: (E, T, *observation_shape), the task's observation dtype.
        actions: (E, T) int32.
        rewards: (E, T) float32, as the environment gave them.
        flags: (E, T) uint8, a sum of `TERMINATED`, `TRUNCATED`, `BOUNDARY`.
        priorities: (E, L) float32, absolute TD errors by the sender's reckoning.
        episode_returns: (K,) float32, undiscounted, of episodes that ended since the last block.
        episode_lengths: (K,) int32, in env steps.
    """

    task: str
    actor: str
    incarnation: int
    sequence: int
    weights_version: int
    observations: NDArray[Any]
    actions: NDArray[np.int32]
    rewards: NDArray[np.float32]
    flags: NDArray[np.uint8]
    priorities: NDArray[np.float32]
    episode_returns: NDArray[np.float32]
    episode_lengths: NDArray[np.int32]

    @property
    def num_starts(self) -> int:
        """Rows of each fragment at which a transition may start (L)."""
        return int(self.priorities.shape[1])

    def starts(self) -> NDArray[np.bool_]:
        """Return which rows are starts: (E, L)."""
        is_start: NDArray[np.bool_] = (self.flags[:, : self.num_starts] & BOUNDARY) == 0
        return is_start

    def problem(
        self, task: str, observation_shape: tuple[int, ...], observation_dtype: str, overlap: int
    ) -> str | None:
        """Return what is wrong with the block for a table of that task, in one sentence, or None."""
        if self.task != task:
            return f"block of task {self.task!r} sent to the table of {task!r}"
        if self.observations.ndim != 2 + len(observation_shape):
            return f"observations have {self.observations.ndim} dimensions, not {2 + len(observation_shape)}"
        streams, rows = self.observations.shape[:2]
        expected: list[tuple[str, NDArray[Any], tuple[int, ...], str]] = [
            ("observations", self.observations, (streams, rows, *observation_shape), observation_dtype),
            ("actions", self.actions, (streams, rows), "int32"),
            ("rewards", self.rewards, (streams, rows), "float32"),
            ("flags", self.flags, (streams, rows), "uint8"),
            ("priorities", self.priorities, (streams, rows - overlap), "float32"),
            ("episode_returns", self.episode_returns, (self.episode_lengths.size,), "float32"),
            ("episode_lengths", self.episode_lengths, (self.episode_lengths.size,), "int32"),
        ]
        for name, array, shape, dtype in expected:
            if array.shape != shape or array.dtype != dtype:
                return f"{name} is {array.dtype}{list(array.shape)}, expected {dtype}{list(shape)}"
        if streams == 0 or rows <= overlap:
            return f"block of {streams} fragments of {rows} rows holds no start"
        return self._value_problem()

    def _value_problem(self) -> str | None:
        if not np.isfinite(self.rewards).all():
            return "rewards hold a value that is not finite"
        if not (np.isfinite(self.priorities).all() and (self.priorities >= 0).all()):
            return "priorities hold a value that is not finite or is negative"
        return None
