"""Snapshots by hand: what a directory holds, in which order it comes to be, what is refused."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from replay.durable import sync_directory, write_synced
from replay.manifest import MANIFEST
from replay.messages import Inserted, Sampled
from replay.restoring import SnapshotError, restore_tables
from replay.selectors.proportional import Proportional
from replay.selectors.uniform import Uniform
from replay.snapshot import SnapshotWriter, snapshot_directories, snapshot_directory
from replay.table import Table
from tests.support.builders import make_block, make_table
from tests.support.snapshots import (
    NumberedRows,
    make_numbered_rows_table,
    mass_of_items,
    priorities_of,
    save,
    transitions_of,
)

ROWS = 1200
"""Of a table with some segments of the smallest size."""


def filled_table(seed: int = 1, blocks: int = 20, num_rows: int = ROWS, **settings: Any) -> Table:
    table, rows = make_numbered_rows_table(num_rows, **settings), NumberedRows(seed)
    for _ in range(blocks):
        table.insert(rows.block(streams=4, starts=16), 0)
    return table


def restored(directory: Path, **settings: Any) -> Table:
    table = make_numbered_rows_table(**{"num_rows": ROWS, "first_key": 2**40} | settings)
    restore_tables(directory, {"toy": table})
    return table


def test_rows_and_priorities_of_every_task_come_back(tmp_path: Path):
    """Two tasks in one directory; a task that is not asked for is passed over."""
    tables = {"a": filled_table(1), "b": filled_table(2, blocks=3)}
    for task, table in tables.items():
        table.shape = make_table(task, frame_shape=()).shape
    save(SnapshotWriter(tmp_path), tables)
    again = {task: make_numbered_rows_table(ROWS) for task in "ab"}
    for task, table in again.items():
        table.shape = tables[task].shape
    assert restore_tables(tmp_path, again) == {task: table.num_items for task, table in tables.items()}
    for task, table in tables.items():
        assert transitions_of(again[task]) == transitions_of(table) != {}
        assert priorities_of(again[task]) == pytest.approx(priorities_of(table), rel=1e-5)
    assert restore_tables(tmp_path, {"c": make_table("c")}) == {}


def test_a_snapshot_of_a_wrapped_table_is_a_manifest_and_a_few_files(tmp_path: Path):
    """Segments of 256 rows from the oldest row on, flags and priorities of all rows, nothing else."""
    table = filled_table()
    assert (table.rows.oldest_key, table.rows.next_key) == (480, 1680)
    files = save(SnapshotWriter(tmp_path), {"toy": table})
    segments = ["1e0-200", "200-300", "300-400", "400-500", "500-600", "600-690"]
    for segment, name in zip(segments, files, strict=False):
        assert name.startswith(f"toy-{segment}")
        assert name.endswith(".rows")
    assert len(files) == len(segments) + 1
    assert files[-1].startswith("toy-1e0-")
    assert files[-1].endswith(".state")
    assert {path.name for path in tmp_path.iterdir()} == {*files, MANIFEST}


@pytest.mark.parametrize("first_key", [0, 1, 2**46])
def test_a_table_without_rows_comes_back_without_rows(first_key: int, tmp_path: Path):
    """A task of which nothing has arrived yet, in the first life of a run or a later one."""
    empty = {"toy": make_numbered_rows_table(ROWS, first_key)}
    save(SnapshotWriter(tmp_path), empty)
    assert restored(tmp_path).num_items == 0


def test_a_save_that_evictions_overtake_altogether_saves_nothing(tmp_path: Path):
    """Every row that was there when it began is gone before its turn comes: that is no damage."""
    table, rows = filled_table(), NumberedRows(5)

    def overtake(file: str) -> None:
        for _ in range(20 * file.endswith(".rows")):
            table.insert(rows.block(streams=4, starts=16), 0)

    save(SnapshotWriter(tmp_path), {"toy": table}, meanwhile=overtake)
    assert restored(tmp_path).num_items == 0


def test_a_second_save_of_a_quiet_table_writes_priorities_only(tmp_path: Path):
    """Every segment that is there stays, the one that was cut off at the oldest row included."""
    table, writer = filled_table(), SnapshotWriter(tmp_path)
    first = save(writer, {"toy": table})
    second = save(writer, {"toy": table})
    assert [name for name in second if name.endswith(".rows")] == []
    segments = [name for name in first if name.endswith(".rows")]
    assert {path.name for path in tmp_path.iterdir()} == {*segments, *second, MANIFEST}


def test_a_directory_is_made_where_there_is_none(tmp_path: Path):
    """Whatever lies between."""
    save(SnapshotWriter(tmp_path / "a" / "shard-0"), {"toy": filled_table(blocks=1)})
    assert restored(tmp_path / "a" / "shard-0").num_items > 0


def test_a_directory_that_was_removed_between_two_saves_is_whole_after_the_second(tmp_path: Path):
    """Segments that an earlier save wrote are gone with it, and are written again."""
    table, writer = filled_table(), SnapshotWriter(tmp_path / "shard-0")
    save(writer, {"toy": table})
    shutil.rmtree(tmp_path / "shard-0")
    save(writer, {"toy": table})
    assert transitions_of(restored(tmp_path / "shard-0")) == transitions_of(table) != {}


@pytest.mark.parametrize("pieces", [0, 1, 3, 7, 8])
def test_another_writer_that_is_cut_off_leaves_what_was_there(pieces: int, tmp_path: Path):
    """A run that was resumed and killed: though it has the keys of the one before, no file is touched."""
    before = filled_table(seed=1)
    save(SnapshotWriter(tmp_path), {"toy": before})
    writer = SnapshotWriter(tmp_path)
    for _, piece in zip(range(pieces), writer.pieces({"toy": filled_table(seed=2)}), strict=False):
        writer.write(piece)
    assert transitions_of(restored(tmp_path)) == transitions_of(before)


def test_another_writers_snapshot_takes_the_place_of_the_one_before(tmp_path: Path):
    """Nothing of the earlier one stays in the directory."""
    save(SnapshotWriter(tmp_path), {"toy": filled_table(seed=1, blocks=30)})
    table = filled_table(seed=2, blocks=3, first_key=2**36)
    files = save(SnapshotWriter(tmp_path), {"toy": table})
    assert {path.name for path in tmp_path.iterdir()} == {*files, MANIFEST}
    assert transitions_of(restored(tmp_path)) == transitions_of(table)


def test_what_a_crash_left_lying_about_is_no_harm_and_is_cleared_away(tmp_path: Path):
    """Half a manifest under its temporary name, files that no manifest names."""
    table, writer = filled_table(), SnapshotWriter(tmp_path)
    save(writer, {"toy": table})
    (tmp_path / f".{MANIFEST}.tmp").write_text('{"format"')
    (tmp_path / "toy-0-100.rows").write_bytes(b"half")
    assert transitions_of(restored(tmp_path)) == transitions_of(table)
    save(writer, {"toy": table})
    assert not (tmp_path / f".{MANIFEST}.tmp").exists()
    assert not (tmp_path / "toy-0-100.rows").exists()
    assert transitions_of(restored(tmp_path)) == transitions_of(table)


def test_what_users_keep_in_a_snapshot_stays(tmp_path: Path):
    """Notes, folders, files of other names: they end no save and are not removed by one."""
    table, writer = filled_table(), SnapshotWriter(tmp_path)
    save(writer, {"toy": table})
    for name in ("notes.txt", "toy.rows", "toy-0-².state", "toy-0-1.rows.bak", "manifest.json.old"):
        (tmp_path / name).write_text(name)
    (tmp_path / "old").mkdir()
    before = set(tmp_path.iterdir())
    save(SnapshotWriter(tmp_path), {"toy": table})
    kept = {path.name for path in before & set(tmp_path.iterdir())}
    assert kept == {
        "notes.txt",
        "toy.rows",
        "toy-0-².state",
        "toy-0-1.rows.bak",
        "manifest.json.old",
        "old",
        MANIFEST,
    }
    assert transitions_of(restored(tmp_path)) == transitions_of(table)


def test_only_what_shards_are_named_counts_as_a_snapshot(tmp_path: Path):
    """Copies, archives, links and unfinished ones beside them are none."""
    for name in (
        "shard-0",
        "shard-10",
        "shard-2",
        "shard-0.bak",
        "shard-01",
        "shard-best",
        "shard-٣",
        "shard-",
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / MANIFEST).touch()
    (tmp_path / "shard-3").mkdir()
    (tmp_path / "shard-4.tar.gz").touch()
    (tmp_path / "shard-5").touch()
    (tmp_path / "shard-6").symlink_to("shard-0")
    found = snapshot_directories(tmp_path)
    assert list(found.items()) == [(index, snapshot_directory(tmp_path, index)) for index in (0, 2, 10)]
    assert snapshot_directories(tmp_path / "nowhere") == {}


def test_every_file_is_on_the_disk_before_the_manifest_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Files are synced, then the manifest is, then it is renamed into place, then the directory is synced."""
    happened: list[str] = []
    fsync, rename, unlink = os.fsync, Path.rename, Path.unlink

    def note_fsync(descriptor: int) -> None:
        happened.append(f"sync {Path(os.readlink(f'/proc/self/fd/{descriptor}')).name}")
        fsync(descriptor)

    def note_rename(path: Path, target: Path) -> Path:
        happened.append(f"rename {target.name}")
        return rename(path, target)

    def note_unlink(path: Path) -> None:
        happened.append("remove")
        unlink(path)

    writer = SnapshotWriter(tmp_path)
    save(writer, {"toy": filled_table(blocks=1)})
    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "rename", note_rename)
    monkeypatch.setattr(Path, "unlink", note_unlink)
    files = save(writer, {"toy": filled_table(blocks=3)})
    end = [f"sync .{MANIFEST}.tmp", f"rename {MANIFEST}", f"sync {tmp_path.name}", "remove", "remove"]
    assert happened == [f"sync {file}" for file in files] + end


def test_synced_files_hold_what_was_written(tmp_path: Path):
    """A file is replaced as a whole."""
    for data in (b"something longer", b"short"):
        write_synced(tmp_path / "file", data)
        assert (tmp_path / "file").read_bytes() == data
    sync_directory(tmp_path)
    with pytest.raises(OSError, match="No such file"):
        sync_directory(tmp_path / "nowhere")


def test_a_restored_table_goes_on_where_it_was(tmp_path: Path):
    """New blocks come after what was restored, and push it out fragment by fragment."""
    source = filled_table()
    save(SnapshotWriter(tmp_path), {"toy": source})
    table, rows = restored(tmp_path), NumberedRows(9)
    rows.next_number = 100_000
    assert table.stats().restored == table.num_items == source.num_items
    for _ in range(30):
        items = table.num_items
        answer = table.insert(rows.block(streams=4, starts=16), 0)
        assert table.problem() is None
        assert isinstance(answer, Inserted)
        assert abs(table.num_items - items) <= answer.items + 16
    assert min(transitions_of(table)) >= 100_000
    assert table.stats().evicted == table.stats().restored + table.stats().inserted - table.num_items


def test_several_snapshots_go_into_one_table(tmp_path: Path):
    """A run with fewer shards than it had: each is added after the one before, as far as there is room."""
    tables = [filled_table(seed, blocks=5) for seed in (1, 2)]
    for index, table in enumerate(tables):
        table.rows.columns["frames"][:] += 10_000 * index
        save(SnapshotWriter(tmp_path / str(index)), {"toy": table})
    large, small = make_numbered_rows_table(ROWS), make_numbered_rows_table(500)
    for index in range(2):
        for table in (large, small):
            restore_tables(tmp_path / str(index), {"toy": table})
            assert table.problem() is None
            assert table.selector.mass == pytest.approx(mass_of_items(table))
    assert transitions_of(large) == transitions_of(tables[0]) | transitions_of(tables[1])
    assert transitions_of(tables[1]).items() <= transitions_of(small).items()
    assert len(transitions_of(small)) < len(transitions_of(large))
    assert small.stats().restored == small.num_items + small.stats().evicted


@pytest.mark.parametrize("uniform_before", [False, True])
def test_another_selector_takes_over_what_it_can(uniform_before: bool, tmp_path: Path):
    """Items come back with whatever priorities the earlier selector can give."""
    selectors = [Proportional(ROWS, priority_exponent=0.6), Uniform(ROWS)]
    before, after = selectors[::-1] if uniform_before else selectors
    source = filled_table(selector=before)
    save(SnapshotWriter(tmp_path), {"toy": source})
    table = restored(tmp_path, selector=after)
    assert transitions_of(table) == transitions_of(source)
    given = priorities_of(table).values()
    assert list(given) == pytest.approx([1.0] * len(given), rel=1e-5)


OTHER: dict[str, tuple[Callable[[], Table], str]] = {
    "frame_shape": (
        lambda: make_table(num_rows=ROWS, frame_shape=(3,)),
        r"frame_shape of task 'toy' was \[\], it is \[3\]",
    ),
    "frame_dtype": (
        lambda: make_table(num_rows=ROWS, frame_shape=(), frame_dtype="uint8"),
        "frame_dtype of task 'toy' was float32, it is uint8",
    ),
    "num_actions": (
        lambda: with_actions(make_numbered_rows_table(ROWS), 3),
        "num_actions of task 'toy' was 1000000, it is 3",
    ),
}


def with_actions(table: Table, num_actions: int) -> Table:
    table.shape = type(table.shape)("toy", (), "float32", num_actions)
    return table


@pytest.mark.parametrize(("table", "sentence"), OTHER.values(), ids=OTHER.keys())
def test_a_snapshot_of_another_configuration_is_refused(
    table: Callable[[], Table], sentence: str, tmp_path: Path
):
    """The sentence names what differs and how to go on without it; nothing is put in."""
    save(SnapshotWriter(tmp_path), {"toy": filled_table()})
    other = table()
    with pytest.raises(SnapshotError, match=f"{sentence} now; to resume without replay give"):
        restore_tables(tmp_path, {"toy": other})
    assert other.num_items == 0


def test_one_task_that_differs_keeps_all_out(tmp_path: Path):
    """Shapes are compared before any row goes in."""
    tables = {"a": make_table("a"), "b": make_table("b")}
    for task, table in tables.items():
        table.insert(make_block(task), 0)
    save(SnapshotWriter(tmp_path), tables)
    others = {"a": make_table("a"), "b": make_table("b", frame_shape=(4,))}
    with pytest.raises(SnapshotError, match="of task 'b'"):
        restore_tables(tmp_path, others)
    assert others["a"].num_items == 0


def test_settings_that_may_change_do_change(tmp_path: Path):
    """Another number of steps and another stack are cut from the same rows."""
    source = filled_table()
    save(SnapshotWriter(tmp_path), {"toy": source})
    table = make_table(num_rows=ROWS, frame_shape=(), frame_stack=1)
    assert restore_tables(tmp_path, {"toy": table}) == {"toy": source.num_items}
    drawn = table.sample(10)
    assert isinstance(drawn, Sampled)
    assert drawn.columns["windows"].shape == (10, 2)


def flip(data: bytes, place: float) -> bytes:
    """Flip one bit of one byte."""
    at = min(int(place * len(data)), len(data) - 1)
    return data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]


DAMAGES: dict[str, Callable[[bytes, float], bytes]] = {
    "flipped": flip,
    "cut off": lambda data, place: data[: int(place * len(data))],
    "longer": lambda data, _: data + b"\0",
}
PLACES = np.linspace(0.0, 1.0, 60).tolist()


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
@pytest.mark.parametrize("kind", [".rows", ".state"])
def test_a_damaged_file_is_noticed(kind: str, damage: Callable[[bytes, float], bytes], tmp_path: Path):
    """Whatever byte of whatever file: one sentence, and a table whose books are right."""
    files = [name for name in save(SnapshotWriter(tmp_path), {"toy": filled_table()}) if name.endswith(kind)]
    for number, place in enumerate(PLACES):
        path = tmp_path / files[number % len(files)]
        good = path.read_bytes()
        path.write_bytes(damage(good, min(place, 0.999)))
        refuse(tmp_path, "is damaged")
        path.write_bytes(good)
    assert restored(tmp_path).num_items > 0


@pytest.mark.parametrize("damage", [flip, DAMAGES["cut off"]], ids=["flipped", "cut off"])
def test_a_damaged_manifest_is_noticed(damage: Callable[[bytes, float], bytes], tmp_path: Path):
    """A changed number or name would otherwise bring back other rows than were saved, or none."""
    save(SnapshotWriter(tmp_path), {"toy": filled_table()})
    path = tmp_path / MANIFEST
    good = path.read_bytes()
    for place in np.linspace(0.0, 0.999, 300).tolist():
        path.write_bytes(damage(good, place))
        refuse(tmp_path, f"replay snapshot {tmp_path.name}")
    path.write_bytes(good)
    assert restored(tmp_path).num_items > 0


def refuse(directory: Path, sentence: str) -> None:
    """Try to restore: that fails with one sentence, and what is in the table then adds up."""
    table = make_numbered_rows_table(ROWS)
    with pytest.raises(SnapshotError, match=sentence) as caught:
        restore_tables(directory, {"toy": table})
    assert "\n" not in str(caught.value)
    assert table.problem() is None


def test_a_missing_file_is_damage(tmp_path: Path):
    """Each file that the manifest names has to be there."""
    files = save(SnapshotWriter(tmp_path), {"toy": filled_table()})
    for name in files:
        (tmp_path / name).rename(tmp_path / "elsewhere")
        refuse(tmp_path, "is damaged: FileNotFoundError")
        (tmp_path / "elsewhere").rename(tmp_path / name)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("damaged", ["manifest", "rows", "state"])
def test_a_pipe_in_the_place_of_a_file_is_damage(damaged: str, tmp_path: Path):
    """It is not waited for: it would have no end."""
    save(SnapshotWriter(tmp_path), {"toy": filled_table()})
    (path, *_) = tmp_path.glob("manifest.json" if damaged == "manifest" else f"*.{damaged}")
    path.unlink()
    os.mkfifo(path)
    refuse(tmp_path, f"{path.name}' is no regular file")


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe", b"[]", b'"text"', b"{}", b'{"format": 99}'])
def test_a_directory_without_a_manifest_that_can_be_read_is_refused(content: bytes | None, tmp_path: Path):
    """Missing, no text, no JSON object, another format."""
    if content is not None:
        (tmp_path / MANIFEST).write_bytes(content)
    with pytest.raises(SnapshotError, match=f"replay snapshot {tmp_path.name} has"):
        restore_tables(tmp_path, {"toy": make_table()})


@pytest.mark.parametrize("name", ["../secret.rows", "/etc/hostname", "sub/x.rows", "..", "", "."])
@pytest.mark.parametrize("part", ["segments", "states"])
def test_a_manifest_that_names_a_path_outside_is_refused(name: str, part: str, tmp_path: Path):
    """Only files that lie beside it are read."""
    directory = tmp_path / "shard-0"
    writer = SnapshotWriter(directory)
    for piece in writer.pieces({"toy": filled_table()}):
        writer.write(piece)
    entry = writer._tables["toy"][part][0]
    (tmp_path / "secret.rows").write_bytes((directory / entry["file"]).read_bytes())
    writer._files[name] = writer._files[entry["file"]]
    entry["file"] = name
    writer.commit()
    refuse(directory, "outside it, " if name.strip(".") else "is damaged")
