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
class TableShape:
    """What a table takes: blocks of this task, with such observations and actions.

    Attributes:
        task: name of the task.
        observation_shape: shape of one observation.
        observation_dtype: `float32` or `uint8`.
        num_actions: actions are 0 .. num_actions - 1.
        overlap: rows behind the starts of a fragment.
    """

    task: str
    observation_shape: tuple[int, ...]
    observation_dtype: str
    num_actions: int
    overlap: int


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

    def problem(self, shape: TableShape) -> str | None:
        """Return what is wrong with the block for a table of that shape, in one sentence, or None."""
        if self.task != shape.task:
            return f"block of task {self.task!r} sent to the table of {shape.task!r}"
        dimensions = 2 + len(shape.observation_shape)
        if self.observations.ndim != dimensions:
            return f"observations have {self.observations.ndim} dimensions, not {dimensions}"
        streams, rows = self.observations.shape[:2]
        episodes = (self.episode_lengths.size,)
        expected: list[tuple[str, NDArray[Any], tuple[int, ...], str]] = [
            (
                "observations",
                self.observations,
                (streams, rows, *shape.observation_shape),
                shape.observation_dtype,
            ),
            ("actions", self.actions, (streams, rows), "int32"),
            ("rewards", self.rewards, (streams, rows), "float32"),
            ("flags", self.flags, (streams, rows), "uint8"),
            ("priorities", self.priorities, (streams, rows - shape.overlap), "float32"),
            ("episode_returns", self.episode_returns, episodes, "float32"),
            ("episode_lengths", self.episode_lengths, episodes, "int32"),
        ]
        for name, array, dimensions_of, dtype in expected:
            if array.shape != dimensions_of or array.dtype != dtype:
                return f"{name} is {array.dtype}{list(array.shape)}, expected {dtype}{list(dimensions_of)}"
        if streams == 0 or rows <= shape.overlap:
            return f"block of {streams} fragments of {rows} rows holds no start"
        return self._value_problem(shape.num_actions)

    def _value_problem(self, num_actions: int) -> str | None:
        numbers = {
            "observations": self.observations,
            "rewards": self.rewards,
            "priorities": self.priorities,
            "episode_returns": self.episode_returns,
        }
        for name, array in numbers.items():
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                return f"{name} hold a value that is not finite"
        if (self.priorities < 0).any():
            return "priorities hold a negative value"
        if ((self.actions < 0) | (self.actions >= num_actions)).any():
            return f"actions hold a value outside 0 .. {num_actions - 1}"
        if (self.flags > TERMINATED | TRUNCATED | BOUNDARY).any():
            return "flags hold a value that is no sum of the known ones"
        return None
