"""Brings tables back from a snapshot: verified, a piece at a time, whatever the sizes are now."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import numpy as np
import zstandard
from numpy.typing import NDArray

from replay.manifest import MANIFEST, read_listed, read_regular
from replay.row import SETTLED, Columns, TableShape
from replay.rows import END, ITEM
from replay.snapshot import FORMAT
from replay.table import Table


class SnapshotError(RuntimeError):
    """A snapshot that cannot be used; the message says why."""


def restore_tables(directory: Path, tables: Mapping[str, Table]) -> dict[str, int]:
    """Copy a snapshot's rows into tables; return how many items each task got.

    Rows go in as if they had just been inserted, oldest first, so a table may be larger or smaller than the
    one that was saved, and hold rows already. Tasks that have no table are passed over.

    Raises:
        SnapshotError: it is damaged, or of tasks with other frames or actions. Damage may show half-way: the
            tables then hold what came before it.
    """
    manifest = _manifest(directory)
    found = {task: entry for task, entry in manifest["tables"].items() if task in tables}
    for task, entry in found.items():
        _refuse_other_shape(task, entry["shape"], tables[task].shape)
    restored: dict[str, int] = {}
    for task, entry in found.items():
        try:
            restored[task] = _restore(directory, manifest["files"], entry, tables[task])
        except (OSError, ValueError, LookupError, TypeError, zstandard.ZstdError) as error:
            raise SnapshotError(
                f"replay snapshot {directory.name} is damaged: {type(error).__name__}: {error}"
            ) from error
    return restored


def _manifest(directory: Path) -> dict[str, Any]:
    try:
        digest, _, text = read_regular(directory, MANIFEST).partition(b"\n")
        if hashlib.sha256(text).hexdigest().encode() != digest:
            raise ValueError(f"{MANIFEST} is not what was written")
        manifest: dict[str, Any] = json.loads(text)
        if manifest["format"] != FORMAT:
            raise SnapshotError(
                f"replay snapshot {directory.name} has format {manifest['format']}, not {FORMAT}"
            )
        _ = manifest["tables"].items(), manifest["files"].items()
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise SnapshotError(
            f"replay snapshot {directory.name} has no manifest that can be read: {error}"
        ) from error
    return manifest


def _refuse_other_shape(task: str, saved: Mapping[str, Any], shape: TableShape) -> None:
    for field in fields(shape):
        absent = None if field.default is MISSING else _as_written(field.default)
        before, now = saved.get(field.name, absent), _as_written(getattr(shape, field.name))
        if before != now:
            raise SnapshotError(
                f"replay snapshot of another configuration: {field.name} of task {task!r} was "
                f"{_shown(before)}, it is {_shown(now)} now; to resume without replay give "
                "checkpoint.replay=false"
            )


def _shown(value: object) -> object:
    return "empty" if value == "" else value


def _as_written(value: object) -> object:
    """Return a field of a table's shape as a manifest has it."""
    return list(value) if isinstance(value, tuple) else value


def _restore(directory: Path, files: Mapping[str, Any], entry: Mapping[str, Any], table: Table) -> int:
    """Put a table's rows in, from the newest that there is room for on."""
    end = max((part["first_key"] + part["rows"] for part in entry["states"]), default=entry["first_key"])
    first = max(entry["first_key"], end - table.rows.num_rows)
    before_first = max(entry["first_key"], first - 1)
    flags, priorities = _state(directory, files, entry["states"], before_first, end)
    if first > before_first:
        whole_from = np.flatnonzero(flags & END)[0] + 1
        flags[:whole_from] &= ~np.uint8(ITEM)
        flags, priorities = flags[1:], priorities[1:]
    before = table.stats().restored
    for part in entry["segments"]:
        begin, stop = max(part["first_key"], first), part["first_key"] + part["rows"]
        if begin >= stop:
            continue
        columns = _columns(_read(directory, files, part["file"]), part["rows"], table)
        there = slice(begin - first, stop - first)
        is_item = (flags[there] & ITEM) != 0
        skipped = begin - part["first_key"]
        rows = {name: column[skipped:] for name, column in columns.items()}
        table.restore(rows, flags[there], priorities[there][is_item])
    return table.stats().restored - before


def _state(
    directory: Path, files: Mapping[str, Any], states: list[dict[str, Any]], first: int, end: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    flags, priorities = np.zeros(end - first, np.uint8), np.zeros(end - first, np.float32)
    for part in states:
        count = part["rows"]
        data = _read(directory, files, part["file"])
        begin, stop = max(part["first_key"], first), part["first_key"] + count
        if begin < stop:
            there, skipped = slice(begin - first, stop - first), begin - part["first_key"]
            flags[there] = np.frombuffer(data, np.uint8, count)[skipped:]
            priorities[there] = np.frombuffer(data, np.float32, count, offset=count)[skipped:]
    return flags, priorities


def _columns(data: bytes, count: int, table: Table) -> Columns:
    columns: dict[str, NDArray[Any]] = {}
    offset = 0
    for name in SETTLED:
        ring = table.rows.columns[name]
        shape = (count, *ring.shape[1:])
        size = int(np.prod(shape))
        columns[name] = np.frombuffer(data, ring.dtype, size, offset).reshape(shape)
        offset += size * ring.itemsize
    if offset != len(data):
        raise ValueError(f"a segment of {count} rows has {len(data)} bytes, not {offset}")
    return columns


def _read(directory: Path, files: Mapping[str, Any], name: str) -> bytes:
    return zstandard.ZstdDecompressor().decompress(read_listed(directory, name, **files[name]))
