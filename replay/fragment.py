"""The unit of experience that actors send: fragments of environment streams, stacked into a block.

Shape letters: E streams, T rows of a fragment, L starts of a fragment (L < T), K finished episodes.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from replay.row import BOUNDARY, OF_STEPS, SENT, Columns, TableShape

MAX_WEIGHTS_VERSION = 2**31 - 1


@dataclass(frozen=True)
class FragmentBlock:
    """Fragments of equal length from the streams of one actor, each self-contained, each frame in it once.

    A row is the frame, the action taken there, the reward of that action, the flags of that step, and what
    else `replay.row` has columns for. Transitions start at the `num_starts` rows after the first `lead` ones.
    The rows before them are there for frame stacks, the rows after them for n-step returns: both are cut when
    they are sampled, from nothing but this fragment. A return that would need more rows than there are
    bootstraps at the last one; a stack that would is filled up with its oldest frame. Every row of a stream
    is a start in one fragment.

    Attributes:
        task: name of the task.
        actor: name of the sender.
        life: number of the sender's life; a later one supersedes an earlier one.
        sequence: counts the sender's blocks from 0 within a life.
        weights_version: version of the weights that chose the actions.
        lead: rows of each fragment before its first start.
        rows: (E, T, ...) of each column that is sent: `frames`, `actions`, `rewards` as the environment gave
            them, `flags` that are sums of those in `OF_STEPS`.
        priorities: (E, L) float32, absolute TD errors by the sender's reckoning.
        episode_returns: (K,) float32, undiscounted, of episodes that ended since the last block.
        episode_lengths: (K,) int32, in env steps.
    """

    task: str
    actor: str
    life: int
    sequence: int
    weights_version: int
    lead: int
    rows: Columns
    priorities: NDArray[np.float32]
    episode_returns: NDArray[np.float32]
    episode_lengths: NDArray[np.int32]

    @property
    def flags(self) -> NDArray[np.uint8]:
        """Flags of every row: (E, T)."""
        return self.rows["flags"]

    @property
    def num_rows(self) -> int:
        """Rows of all fragments together."""
        return self.flags.size

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
        frames = self.rows["frames"]
        if frames.ndim != dimensions:
            return f"frames have {frames.ndim} dimensions, not {dimensions}"
        if self.priorities.ndim != 2:
            return f"priorities have {self.priorities.ndim} dimensions, not 2"
        streams, rows = frames.shape[:2]
        episodes = (self.episode_lengths.size,)
        expected: list[tuple[str, NDArray[Any], tuple[int, ...], str]] = [
            *(
                (name, self.rows[name], (streams, rows, *column.shape(shape)), column.dtype_of(shape))
                for name, column in SENT.items()
            ),
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
                f"fragments of {rows} rows have none after {self.lead} rows of lead and "
                f"{self.num_starts} starts to bootstrap from"
            )
        return self._value_problem(shape.num_actions)

    def _value_problem(self, num_actions: int) -> str | None:
        numbers = {
            **self.rows,
            "priorities": self.priorities,
            "episode_returns": self.episode_returns,
        }
        for name, array in numbers.items():
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                return f"{name} hold a value that is not finite"
        if (self.priorities < 0).any():
            return "priorities hold a negative value"
        actions = self.rows["actions"]
        if ((actions < 0) | (actions >= num_actions)).any():
            return f"actions hold a value outside 0 .. {num_actions - 1}"
        if (self.flags & ~np.uint8(OF_STEPS)).any():
            return "flags hold a value that is no sum of the known ones"
        return None


def empty_block(
    shape: TableShape, lead: int, starts: int = 1, streams: int = 1, overlap: int = 1
) -> FragmentBlock:
    """Return a block whose rows are all zero, with `overlap` rows after its starts."""
    size = (streams, lead + starts + overlap)
    return FragmentBlock(
        task=shape.task,
        actor="",
        life=0,
        sequence=0,
        weights_version=0,
        lead=lead,
        rows={name: column.zeros(size, shape) for name, column in SENT.items()},
        priorities=np.zeros((streams, starts), np.float32),
        episode_returns=np.zeros(0, np.float32),
        episode_lengths=np.zeros(0, np.int32),
    )
