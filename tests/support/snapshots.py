"""Tables whose rows are numbered, what can be drawn from them, and how they are saved."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from replay.fragment import FragmentBlock
from replay.n_step import ReturnSpec, cut_n_step
from replay.row import BOUNDARY, DRAWN
from replay.rows import ITEM
from replay.selectors.proportional import Proportional
from replay.snapshot import SnapshotWriter
from replay.table import Table
from replay.windows import cut_windows
from tests.support.builders import make_block, make_table
from tests.support.streams import ENDS

RETURNS = ReturnSpec(n_step=3, discount=0.5)
STACK = 3
Transition = tuple[Any, ...]


def make_numbered_rows_table(num_rows: int, first_key: int = 0, **settings: Any) -> Table:
    """Return a table for the blocks of a `NumberedRows`."""
    defaults = {"selector": Proportional(num_rows, priority_exponent=0.6)}
    return make_table(
        num_rows=num_rows,
        frame_shape=(),
        returns=RETURNS,
        frame_stack=STACK,
        first_key=first_key,
        **(defaults | settings),
    )


class NumberedRows:
    """Makes blocks in which every row's frame is a number of its own, and knows the fragment of each."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.next_number = 1
        self.fragment_of: dict[int, int] = {}
        """Number of the first row of each row's fragment."""

    def block(self, streams: int, starts: int, lead: int = STACK - 1, overlap: int = 3) -> FragmentBlock:
        """Return a block with episodes that end here and there."""
        rows = lead + starts + overlap
        numbers = self.next_number + np.arange(streams * rows).reshape(streams, rows)
        self.next_number += streams * rows
        for fragment in numbers.tolist():
            self.fragment_of |= dict.fromkeys(fragment, fragment[0])
        return make_block(
            streams=streams,
            starts=starts,
            overlap=overlap,
            lead=lead,
            rng=self.rng,
            weights_version=int(self.rng.integers(1000)),
            frames=numbers.astype(np.float32),
            rewards=self.rng.integers(-8, 9, (streams, rows)).astype(np.float32),
            flags=self._flags(streams, rows),
        )

    def _flags(self, streams: int, rows: int) -> Any:
        flags = np.zeros((streams, rows), np.uint8)
        for stream, row in zip(*np.nonzero(self.rng.random((streams, rows - 1)) < 0.1), strict=True):
            if not flags[stream, row]:
                flags[stream, row : row + 2] = ENDS[self.rng.integers(len(ENDS))], BOUNDARY
        return flags


def transitions_of(table: Table) -> dict[int, Transition]:
    """Return every transition that can be drawn, by its row's number."""
    rows = table.rows
    slots = np.flatnonzero(rows.flags & ITEM)
    if not slots.size:
        return {}
    frames, rewards = rows.columns["frames"], rows.columns["rewards"]
    rewards_n, discounts_n, last = cut_n_step(RETURNS, slots, rewards, rows.flags)
    windows, starts = cut_windows(frames, rows.flags, slots, last, discounts_n, STACK, RETURNS.n_step)
    seen = np.where(discounts_n > 0, windows.shape[1], STACK)  # what follows a death may be anything
    kept = [rows.columns[name][slots] for name in DRAWN]
    columns = (*kept, rewards_n, discounts_n, starts)
    return {
        int(number): (*values, *window[:count].tolist())
        for number, window, count, *values in zip(
            frames[slots], windows, seen, *(column.tolist() for column in columns), strict=True
        )
    }


def priorities_of(table: Table) -> dict[int, float]:
    """Return the priority of every transition, by its row's number."""
    slots = np.flatnonzero(table.rows.flags & ITEM)
    numbers = table.rows.columns["frames"][slots].astype(int).tolist()
    return dict(zip(numbers, table.selector.priorities(slots).tolist(), strict=True))


def mass_of_items(table: Table) -> float:
    """Return what the items of a table weigh together: no more and no less should be drawn from."""
    selector = table.selector
    assert isinstance(selector, Proportional)
    return float(selector._tree.get(np.flatnonzero(table.rows.flags & ITEM)).sum())


def save(
    writer: SnapshotWriter, tables: Mapping[str, Table], meanwhile: Callable[[str], None] = lambda _: None
) -> list[str]:
    """Save tables; `meanwhile` is called with each piece's file before it is written. Return the files."""
    files = []
    for piece in writer.pieces(tables):
        meanwhile(piece.file)
        writer.write(piece)
        files.append(piece.file)
    writer.commit()
    return files
