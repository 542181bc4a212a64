"""What comes back from a snapshot is what was there, whatever went on while it was saved."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import replay.snapshot
from replay.restoring import restore_tables
from replay.rows import ITEM
from replay.snapshot import SnapshotWriter
from replay.table import Table
from tests.support.snapshots import (
    NumberedRows,
    Transition,
    make_numbered_rows_table,
    priorities_of,
    save,
    transitions_of,
)

SEGMENT_ROWS, STATE_ROWS = 16, 40
FIRST_KEYS = st.sampled_from([0, 5, 3 * 2**36])
SEEDS = st.integers(0, 2**32 - 1)


@contextmanager
def small_pieces() -> Iterator[Path]:
    """Save in pieces of a few rows, so that small tables have many; yield a directory to save in."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as directory:
        patch.setattr(replay.snapshot, "SMALLEST_SEGMENT_ROWS", SEGMENT_ROWS)
        patch.setattr(replay.snapshot, "STATE_ROWS", STATE_ROWS)
        yield Path(directory)


class Source:
    """A table that is filled at random, and all that could ever be drawn from it."""

    def __init__(self, seed: int, num_rows: int, first_key: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.rows = NumberedRows(seed)
        self.table = make_numbered_rows_table(num_rows, first_key)
        self.ever: dict[int, Transition] = {}

    def insert(self) -> None:
        """Insert a block of any size."""
        streams, starts = int(self.rng.integers(1, 4)), int(self.rng.integers(1, 8))
        self.table.insert(self.rows.block(streams, starts, lead=int(self.rng.integers(0, 4))), 0)
        self.ever |= transitions_of(self.table)

    def update(self) -> None:
        """Set new priorities of half of the items."""
        rows = self.table.rows
        keys = rows.keys_of(np.flatnonzero((rows.flags & ITEM) != 0))
        keys = keys[self.rng.random(len(keys)) < 0.5]
        self.table.update_priorities(keys, (10 * self.rng.random(len(keys))).astype(np.float32))

    def do_anything(self, most_inserts: int) -> None:
        """Insert some blocks or none, and update priorities or not."""
        for _ in range(self.rng.integers(most_inserts + 1)):
            self.insert()
        if self.rng.random() < 0.5:
            self.update()


def restored(directory: Path, num_rows: int, seed: int) -> Table:
    """Restore into a fresh table of a later life, as a resumed run does."""
    table = make_numbered_rows_table(num_rows, first_key=2**40 + seed % 1000)
    count = restore_tables(directory, {"toy": table}).get("toy", 0)
    assert table.problem() is None
    assert count == table.stats().restored == table.num_items + table.stats().evicted
    return table


@settings(max_examples=50)
@given(
    seed=SEEDS,
    num_rows=st.integers(60, 200),
    first_key=FIRST_KEYS,
    blocks=st.integers(0, 25),
    larger=st.integers(0, 200),
)
def test_a_quiet_table_comes_back_as_it_was(
    seed: int, num_rows: int, first_key: int, blocks: int, larger: int
):
    """Into a table as large or larger: the same transitions with the same priorities."""
    source = Source(seed, num_rows, first_key)
    for _ in range(blocks):
        source.insert()
    source.update()
    with small_pieces() as directory:
        save(SnapshotWriter(directory), {"toy": source.table})
        table = restored(directory, num_rows + larger, seed)
    assert transitions_of(table) == transitions_of(source.table)
    assert priorities_of(table) == pytest.approx(priorities_of(source.table), rel=1e-5, abs=1e-6)


@settings(max_examples=80)
@given(
    seed=SEEDS,
    num_rows=st.integers(60, 200),
    first_key=FIRST_KEYS,
    blocks=st.integers(1, 25),
    most_inserts=st.sampled_from([1, 3, 12]),
    while_saving=st.sampled_from([(".rows",), (".state",), (".rows", ".state")]),
)
def test_a_table_that_goes_on_serving_comes_back_as_it_was_meanwhile(
    seed: int,
    num_rows: int,
    first_key: int,
    blocks: int,
    most_inserts: int,
    while_saving: tuple[str, ...],
):
    """What was there from the beginning to the end comes back; nothing that came later, or went early, does.

    Evictions may overtake the save. An item that went while the flags were being saved may come back or not.
    """
    source = Source(seed, num_rows, first_key)
    for _ in range(blocks):
        source.insert()
    before = set(transitions_of(source.table))
    when_flags_began: list[dict[int, float]] = []

    def meanwhile(file: str) -> None:
        if file.endswith(".state"):
            when_flags_began.append(priorities_of(source.table))
        if file.endswith(while_saving):
            source.do_anything(most_inserts)

    with small_pieces() as directory:
        save(SnapshotWriter(directory), {"toy": source.table}, meanwhile)
        table = restored(directory, num_rows, seed)
    last_priorities = priorities_of(source.table)
    possible = [*when_flags_began, last_priorities]
    found = transitions_of(table)
    assert before & set(last_priorities) <= set(found) <= before & set(possible[0])
    assert found == {number: source.ever[number] for number in found}
    for number, priority in priorities_of(table).items():
        at_any_time = [priorities[number] for priorities in possible if number in priorities]
        assert min(abs(priority - then) for then in at_any_time) <= 1e-5 * priority + 1e-6


@settings(max_examples=50)
@given(seed=SEEDS, num_rows=st.integers(60, 200), blocks=st.integers(1, 25), share=st.floats(0.02, 1.0))
def test_the_newest_whole_fragments_come_back_into_a_smaller_table(
    seed: int, num_rows: int, blocks: int, share: float
):
    """All of those that there is room for."""
    source = Source(seed, num_rows, first_key=0)
    for _ in range(blocks):
        source.insert()
    smaller = max(1, int(share * num_rows))
    with small_pieces() as directory:
        save(SnapshotWriter(directory), {"toy": source.table})
        table = restored(directory, smaller, seed)
    oldest = source.rows.next_number - smaller
    fragment_of = source.rows.fragment_of
    expected = {n: t for n, t in transitions_of(source.table).items() if fragment_of[n] >= oldest}
    assert transitions_of(table) == expected


@settings(max_examples=40)
@given(
    seed=SEEDS,
    num_rows=st.integers(60, 200),
    blocks=st.integers(1, 15),
    saves=st.integers(1, 4),
    most_inserts=st.integers(0, 3),
    cut=st.floats(0.0, 1.0),
)
def test_a_save_that_is_cut_off_leaves_the_one_before(
    seed: int, num_rows: int, blocks: int, saves: int, most_inserts: int, cut: float
):
    """After any number of pieces, in the middle of one, after any number of saves by the same writer."""
    source = Source(seed, num_rows, first_key=7)
    for _ in range(blocks):
        source.insert()
    with small_pieces() as directory:
        writer = SnapshotWriter(directory)
        for _ in range(saves):
            source.do_anything(most_inserts)
            save(writer, {"toy": source.table})
        expected, priorities = transitions_of(source.table), priorities_of(source.table)
        source.do_anything(most_inserts)
        source.update()
        pieces = list(writer.pieces({"toy": source.table}))
        whole = int(cut * len(pieces))
        for piece in pieces[:whole]:
            writer.write(piece)
        for piece in pieces[whole : whole + 1]:
            (directory / piece.file).write_bytes(b"")  # as far as it came
        table = restored(directory, num_rows, seed)
        assert transitions_of(table) == expected
        assert priorities_of(table) == pytest.approx(priorities, rel=1e-5, abs=1e-6)
        save(writer, {"toy": source.table})
        assert transitions_of(restored(directory, num_rows, seed)) == transitions_of(source.table)


@settings(max_examples=40)
@given(seed=SEEDS, num_rows=st.integers(100, 300), more=st.integers(0, 12))
def test_what_was_saved_is_not_written_again(seed: int, num_rows: int, more: int):
    """A second save writes new segments only, leaves what it shares with the first, removes the rest."""
    source = Source(seed, num_rows, first_key=0)
    for _ in range(12):
        source.insert()
    with small_pieces() as directory:
        writer = SnapshotWriter(directory)
        first = save(writer, {"toy": source.table})
        before = {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in directory.iterdir()}
        key = source.table.rows.next_key
        for _ in range(more):
            source.insert()
        second = save(writer, {"toy": source.table})
        after = {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in directory.iterdir()}
        assert transitions_of(restored(directory, num_rows, seed)) == transitions_of(source.table)
    assert not set(first) & set(second)
    shared = set(before) & set(after) - {"manifest.json"}
    assert {name: before[name] for name in shared} == {name: after[name] for name in shared}
    assert set(after) == {"manifest.json"} | set(second) | shared
    rows_written = SEGMENT_ROWS * sum(name.endswith(".rows") for name in second)
    assert rows_written <= source.table.rows.next_key - key + 3 * SEGMENT_ROWS
