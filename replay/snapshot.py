"""Snapshots of a shard: incremental, written while it serves, complete or not there.

A snapshot is a directory. The rows of a table lie in *segments*, files of equal stretches of its keys; rows
never change once they are written, so a segment is saved once and belongs to every later snapshot until its
rows are overwritten. Flags and priorities, which do change, are saved anew each time. The manifest, renamed
into place at the end, names every file that counts, with its SHA-256. Files are compressed by Zstandard.
"""

import contextlib
import hashlib
import json
import re
from collections.abc import Generator, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import zstandard

from replay.durable import sync_directory, write_synced
from replay.manifest import MANIFEST, listed
from replay.row import SETTLED
from replay.rows import ITEM, RowRing
from replay.table import Table

FORMAT = 1
SEGMENT_BYTES = 2 * 2**20
SMALLEST_SEGMENT_ROWS = 256
STATE_ROWS = 2**16
_DIRECTORY = re.compile(r"shard-(0|[1-9][0-9]*)")
_TEMPORARY = f".{MANIFEST}.tmp"
_OWN_FILE = re.compile(r".+-[0-9a-f]+-([0-9]+)\.(?:rows|state)", re.DOTALL)
"""Names that a writer gives its files, and no others; the number counts snapshots."""


@dataclass(frozen=True)
class Piece:
    """Some bytes of a table, copied and not yet written, and how its file is called."""

    file: str
    data: bytes


class SnapshotWriter:
    """Saves the tables of one shard into one directory, again and again.

        writer = SnapshotWriter(directory)
        for piece in writer.pieces(shard.tables):      # copies a little; in between the shard serves
            writer.write(piece)                        # compresses and writes; may run in another thread
        writer.commit()

    Rows that are inserted while it goes on are left to the next snapshot; rows that are overwritten are left
    out.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._files: dict[str, dict[str, Any]] = {}
        self._tables: dict[str, dict[str, Any]] = {}
        self._serial = max((_serial(path) for path in _own_files(directory)), default=0)
        self._rows: dict[tuple[str, int, int], str] = {}

    def pieces(self, tables: Mapping[str, Table]) -> Iterator[Piece]:
        """Yield what has to be written, a piece at a time."""
        self._directory.mkdir(parents=True, exist_ok=True)
        # Somebody may have removed or moved the directory, and earlier segments with it: they are saved anew.
        there = {path.name for path in _own_files(self._directory)}
        self._files = {name: entry for name, entry in self._files.items() if name in there}
        self._rows = {key: name for key, name in self._rows.items() if name in self._files}
        self._serial += 1
        self._tables = {}
        for task, table in tables.items():
            end = table.rows.next_key
            segments = yield from self._segments(task, table.rows, end)
            first = min(table.rows.oldest_key, end)
            state = _state_bytes(table, first, end - first)
            states = yield from self._states(task, state, first, end)
            self._tables[task] = {
                "shape": asdict(table.shape),
                "first_key": first,
                "segments": [entry for entry in segments if entry["first_key"] + entry["rows"] > first],
                "states": states,
            }

    def _segments(self, task: str, rows: RowRing, end: int) -> Generator[Piece, None, list[dict[str, Any]]]:
        length = _segment_rows(rows)
        entries: list[dict[str, Any]] = []
        start = rows.oldest_key - (rows.oldest_key - rows.first_key) % length
        for whole in range(start, end, length):
            begin, stop = whole, min(whole + length, end)
            if (task, begin, stop) not in self._rows:
                begin = max(begin, rows.oldest_key)
            if begin >= stop:
                continue
            if (task, begin, stop) not in self._rows:
                name = f"{task}-{begin:x}-{stop:x}-{self._serial}.rows"
                self._rows[task, begin, stop] = name
                yield Piece(name, _row_bytes(rows, begin, stop - begin))
            entries.append({"file": self._rows[task, begin, stop], "first_key": begin, "rows": stop - begin})
        return entries

    def _states(
        self, task: str, state: tuple[Any, Any], first: int, end: int
    ) -> Generator[Piece, None, list[dict[str, Any]]]:
        entries: list[dict[str, Any]] = []
        for begin in range(first, end, STATE_ROWS):
            count = min(STATE_ROWS, end - begin)
            name = f"{task}-{begin:x}-{self._serial}.state"
            there = slice(begin - first, begin - first + count)
            yield Piece(name, state[0][there].tobytes() + state[1][there].tobytes())
            entries.append({"file": name, "first_key": begin, "rows": count})
        return entries

    def write(self, piece: Piece) -> None:
        """Compress a piece and write its file."""
        data = zstandard.ZstdCompressor(level=1).compress(piece.data)
        write_synced(self._directory / piece.file, data)
        self._files[piece.file] = listed(data)

    def commit(self) -> None:
        """Make what was written the snapshot, and remove what no longer belongs to it.

        Files that no writer made stay, and those that cannot be removed: the manifest does not name them.
        """
        used = {
            entry["file"]
            for table in self._tables.values()
            for entry in (*table["segments"], *table["states"])
        }
        self._files = {name: entry for name, entry in self._files.items() if name in used}
        self._rows = {key: name for key, name in self._rows.items() if name in self._files}
        manifest = json.dumps({"format": FORMAT, "tables": self._tables, "files": self._files}).encode()
        temporary = self._directory / _TEMPORARY
        write_synced(temporary, hashlib.sha256(manifest).hexdigest().encode() + b"\n" + manifest)
        temporary.rename(self._directory / MANIFEST)
        sync_directory(self._directory)
        for path in _own_files(self._directory):
            if path.name not in used:
                with contextlib.suppress(OSError):
                    path.unlink()


def snapshot_directory(root: Path, index: int) -> Path:
    """Return where a shard's snapshot lies."""
    return root / f"shard-{index}"


def snapshot_directories(root: Path) -> dict[int, Path]:
    """Return the snapshots under a directory by their shards' indices, in order.

    A snapshot is a real directory with a manifest that is called exactly as `snapshot_directory` calls it:
    copies, archives and links that somebody keeps beside them are none.
    """
    found = {
        int(match[1]): path
        for path in root.glob("shard-*")
        if (match := _DIRECTORY.fullmatch(path.name))
        and not path.is_symlink()
        and (path / MANIFEST).is_file()
    }
    return dict(sorted(found.items()))


def _segment_rows(rows: RowRing) -> int:
    row_bytes = rows.nbytes // rows.num_rows
    return max(SMALLEST_SEGMENT_ROWS, min(SEGMENT_BYTES // row_bytes, rows.num_rows // 64))


def _own_files(directory: Path) -> list[Path]:
    return [path for path in directory.glob("*") if _OWN_FILE.fullmatch(path.name)]


def _serial(path: Path) -> int:
    """Return the number at the end of a file's name; a new writer counts on from those that it finds."""
    match = _OWN_FILE.fullmatch(path.name)
    return int(match[1]) if match else 0


def _row_bytes(rows: RowRing, first: int, count: int) -> bytes:
    slots = np.arange(first, first + count) % rows.num_rows
    return b"".join(rows.columns[name][slots].tobytes() for name in SETTLED)


def _state_bytes(table: Table, first: int, count: int) -> tuple[Any, Any]:
    slots = np.arange(first, first + count) % table.rows.num_rows
    flags = table.rows.flags[slots]
    items = (flags & ITEM) != 0
    priorities = np.zeros(count, np.float32)
    priorities[items] = table.selector.priorities(slots[items])
    return flags, priorities
