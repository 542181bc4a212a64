"""The unit of experience that actors send: fragments of environment streams, stacked into a block.

Shape letters: E streams, T rows of a fragment, L starts of a fragment (L < T), K finished episodes.
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
MAX_WEIGHTS_VERSION = 2**31 - 1


@dataclass(frozen=True)
class TableShape:
    """What a table takes: blocks of this task, with such frames and actions.

    Attributes:
        task: name of the task.
        frame_shape: shape of one frame: an observation, or one of those that are stacked into it.
        frame_dtype: `float32` or `uint8`.
        num_actions: actions are 0 .. num_actions - 1.
    """

    task: str
    frame_shape: tuple[int, ...]
    frame_dtype: str
    num_actions: int


@dataclass(frozen=True)
class FragmentBlock:
    """Fragments of equal length from the streams of one actor, each self-contained, each frame in it once.

    A row is (frame, action taken there, reward of that action, flags of that step). Transitions start at the
    `num_starts` rows behind the first `lead` ones. The rows before them are there for frame stacks, the rows
    behind them for n-step returns: both are cut when they are sampled, from nothing but this fragment. A
    return that would need more rows than there are bootstraps at the last one; a stack that would is filled
    up with its oldest frame. Every row of a stream is a start in one fragment.

    Attributes:
        task: name of the task.
        actor: name of the sender.
        incarnation: counts the sender's lives; a later one supersedes an earlier one.
        sequence: counts the sender's blocks from 0 within a life.
        weights_version: version of the weights that chose the actions.
        lead: rows of each fragment before its first start.
        frames: (E, T, *frame_shape), the task's dtype.
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
    lead: int
    frames: NDArray[Any]
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
        """Return which rows between lead and overlap are starts: (E, L)."""
        is_start: NDArray[np.bool_] = (self.flags[:, self.lead : self.lead + self.num_starts] & BOUNDARY) == 0
        return is_start

    def problem(self, shape: TableShape) -> str | None:
        """Return what is wrong with the block for a table of that shape, in one sentence, or None."""
        if self.task != shape.task:
            return f"block of task {self.task!r} sent to the table of {shape.task!r}"
        dimensions = 2 + len(shape.frame_shape)
        if self.frames.ndim != dimensions:
            return f"frames have {self.frames.ndim} dimensions, not {dimensions}"
        if self.priorities.ndim != 2:
            return f"priorities have {self.priorities.ndim} dimensions, not 2"
        streams, rows = self.frames.shape[:2]
        episodes = (self.episode_lengths.size,)
        expected: list[tuple[str, NDArray[Any], tuple[int, ...], str]] = [
            ("frames", self.frames, (streams, rows, *shape.frame_shape), shape.frame_dtype),
            ("actions", self.actions, (streams, rows), "int32"),
            ("rewards", self.rewards, (streams, rows), "float32"),
            ("flags", self.flags, (streams, rows), "uint8"),
            ("priorities", self.priorities, (streams, self.num_starts), "float32"),
            ("episode_returns", self.episode_returns, episodes, "float32"),
            ("episode_lengths", self.episode_lengths, episodes, "int32"),
        ]
        for name, array, dimensions_of, dtype in expected:
            if array.shape != dimensions_of or array.dtype != dtype:
                return f"{name} is {array.dtype}{list(array.shape)}, expected {dtype}{list(dimensions_of)}"
        if self.weights_version > MAX_WEIGHTS_VERSION:
            return f"weights_version {self.weights_version} is above {MAX_WEIGHTS_VERSION}"
        if streams == 0 or self.num_starts == 0:
            return f"block of {streams} fragments with {self.num_starts} starts each holds no start"
        if self.lead + self.num_starts >= rows:
            return (
                f"fragments of {rows} rows have none behind {self.lead} rows of lead and "
                f"{self.num_starts} starts to bootstrap from"
            )
        return self._value_problem(shape.num_actions)

    def _value_problem(self, num_actions: int) -> str | None:
        numbers = {
            "frames": self.frames,
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


def empty_block(
    task: str, frame_shape: tuple[int, ...], frame_dtype: str, lead: int, starts: int = 1
) -> FragmentBlock:
    """Return a block of one stream whose rows are all zero, with one row behind its starts."""
    rows = lead + starts + 1
    return FragmentBlock(
        task=task,
        actor="",
        incarnation=0,
        sequence=0,
        weights_version=0,
        lead=lead,
        frames=np.zeros((1, rows, *frame_shape), frame_dtype),
        actions=np.zeros((1, rows), np.int32),
        rewards=np.zeros((1, rows), np.float32),
        flags=np.zeros((1, rows), np.uint8),
        priorities=np.zeros((1, starts), np.float32),
        episode_returns=np.zeros(0, np.float32),
        episode_lengths=np.zeros(0, np.int32),
    )
