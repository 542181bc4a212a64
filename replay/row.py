"""What a row is: its columns, which everything that sends, keeps, saves or draws rows reads here.

A further column is a line in `COLUMNS`, and whoever gives and uses its values: `actors.rollout.Rollout` hands
each step's row to the writer, and a `learner.batch.TaskBatch` has the columns that are drawn. Messages and
snapshots of fewer columns are refused from then on.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.spec import TaskSpec

TERMINATED = 1
"""Flag of a row whose step ended the episode for good: nothing follows to bootstrap from."""
TRUNCATED = 2
"""Flag of a row whose step was the last for another reason, a time limit say: bootstrap through it."""
BOUNDARY = 4
"""Flag of a row that only holds an episode's last observation: no transition starts there."""
LIFE_LOST = 32
"""Flag of a row whose step lost a life: nothing follows to bootstrap from, but the episode goes on."""
OF_STEPS = TERMINATED | TRUNCATED | BOUNDARY | LIFE_LOST
"""The flags that actors send; a table has further ones of its own between them."""

Columns = Mapping[str, NDArray[Any]]
"""Arrays by name, all with the same leading axes."""


@dataclass(frozen=True)
class TableShape:
    """What a table takes: blocks of this task, with such frames and actions.

    Attributes:
        task: name of the task.
        frame_shape: shape of one frame: an observation, or one of those that are stacked into it.
        frame_dtype: `float32` or `uint8`.
        num_actions: choices of all dimensions of an action: each is one of 0 .. num_actions - 1.
        action_shape: of one action: () where it has one dimension, (D,) where it has several.
        layout: what the bytes of a frame of several parts mean, in words; empty for a frame of one part.

    Fields with a default are younger than the first snapshots, which were of such tables.
    """

    task: str
    frame_shape: tuple[int, ...]
    frame_dtype: str
    num_actions: int
    action_shape: tuple[int, ...] = ()
    layout: str = ""


def table_shape(spec: TaskSpec) -> TableShape:
    """Return what the tables of a task take."""
    return TableShape(
        spec.name,
        spec.frame_shape,
        spec.frame_dtype,
        spec.choices.total,
        spec.choices.shape,
        spec.layout.described,
    )


@dataclass(frozen=True)
class Column:
    """One value of each row.

    Attributes:
        dtype: of the value; None for that of the task's frames.
        shape: of the value of one row, given what the table takes.
        sent: whether actors send it with each row; what is not sent is the same for all rows of a block.
        settled: whether it never changes once a row is written, so that a snapshot saves it once.
        drawn: whether a transition brings the value of its first row, up to the learner's batch.
    """

    dtype: str | None
    shape: Callable[[TableShape], tuple[int, ...]] = lambda _: ()
    sent: bool = True
    settled: bool = True
    drawn: bool = False

    def dtype_of(self, shape: TableShape) -> str:
        """Return the dtype of the values."""
        return self.dtype or shape.frame_dtype

    def zeros(self, leading: tuple[int, ...], shape: TableShape) -> NDArray[Any]:
        """Return an array of zeros: (*leading, *shape of a value)."""
        return np.zeros((*leading, *self.shape(shape)), self.dtype_of(shape))


COLUMNS: Mapping[str, Column] = {
    "frames": Column(dtype=None, shape=lambda table: table.frame_shape),
    "actions": Column("int32", shape=lambda table: table.action_shape, drawn=True),
    "rewards": Column("float32"),
    "flags": Column("uint8", settled=False),
    "weights_versions": Column("int32", sent=False, drawn=True),
}
"""Every column, in the order in which messages and snapshots have them."""

SENT = {name: column for name, column in COLUMNS.items() if column.sent}
SETTLED = {name: column for name, column in COLUMNS.items() if column.settled}
DRAWN = tuple(name for name, column in COLUMNS.items() if column.drawn)


def row_bytes(shape: TableShape) -> int:
    """Return the memory of one row in bytes."""
    return _bytes(COLUMNS, shape)


def sent_bytes(shape: TableShape) -> int:
    """Return the bytes of one row in a message, uncompressed."""
    return _bytes(SENT, shape)


def _bytes(columns: Mapping[str, Column], shape: TableShape) -> int:
    return sum(
        np.dtype(column.dtype_of(shape)).itemsize * math.prod(column.shape(shape))
        for column in columns.values()
    )
