"""What lies in a directory of checkpoints and is none, and what a save that was cut short leaves there."""

import logging
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from learner.checkpoint import CheckpointError, load_newest_checkpoint, save_checkpoint
from learner.checkpoint_names import BEST, LAST
from tests.unit.learner.test_checkpoint import a_checkpoint, assert_same


@pytest.fixture(autouse=True)
def _without_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are what is looked at here, not what a power cut leaves."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def saved(root: Path, *steps: int, keep: int = 3) -> None:
    for step in steps:
        save_checkpoint(root, step, a_checkpoint(step), keep)


def name(step: int) -> str:
    return f"step-{step:012d}"


def loaded(root: Path) -> int:
    return int(load_newest_checkpoint(root)[0].state["learner_step"])


def copy_to(other: str) -> Callable[[Path], Any]:
    return lambda root: shutil.copytree(root / name(2), root / other)


KEPT_BY_USERS: dict[str, Callable[[Path], Any]] = {
    "step-best": copy_to("step-best"),
    "step-": copy_to("step-"),
    "a short number": copy_to("step-999"),
    "a long number": copy_to("step-0000000000999"),
    "a sign": copy_to("step-+00000000999"),
    "digits of another script": copy_to("step-٠٠٠٠٠٠٠٠٠٩٩٩"),
    "a suffix": copy_to(f"{name(999)}.bak"),
    "a line break": copy_to(f"{name(999)}\n"),
    "a prefix": copy_to(f"my-{name(999)}"),
    "capitals": copy_to("STEP-000000000999"),
    "the best of a run": copy_to("best-000000000999"),
    "hidden": copy_to(f".{name(999)}"),
    "a directory of checkpoints": lambda root: shutil.copytree(root, root / "older" / "checkpoints"),
    "an archive": lambda root: (root / f"{name(2)}.tar.gz").write_bytes(b"x"),
    "a file of a checkpoint's name": lambda root: (root / name(999)).write_bytes(b"x"),
    "a link to a checkpoint": lambda root: (root / name(999)).symlink_to(
        shutil.copytree(root / name(2), root.with_name(f"{root.name}-elsewhere"))
    ),
    "a link to nothing": lambda root: (root / name(999)).symlink_to("nowhere"),
}


def contents(path: Path) -> dict[str, bytes | str]:
    """Return every file and link at a path, or below it."""
    found = [path, *path.rglob("*")] if path.is_dir() and not path.is_symlink() else [path]
    return {
        str(each): os.readlink(each) if each.is_symlink() else each.read_bytes()
        for each in found
        if each.is_symlink() or each.is_file()
    }


@pytest.mark.parametrize("kind", KEPT_BY_USERS)
def test_what_users_keep_beside_checkpoints_is_left_alone(tmp_path: Path, kind: str):
    """It is not loaded, not counted among those to keep, not removed, and ends no save."""
    saved(tmp_path, 1, 2)
    before = set(tmp_path.iterdir())
    KEPT_BY_USERS[kind](tmp_path)
    (own,) = set(tmp_path.iterdir()) - before
    kept = contents(own)
    saved(tmp_path, 3, 4, 5)
    assert loaded(tmp_path) == 5
    assert {path.name for path in tmp_path.iterdir()} == {own.name, name(3), name(4), name(5)}
    assert contents(own) == kept != {}


def test_the_best_are_kept_beside_the_newest(tmp_path: Path):
    """Neither counts as one of the other."""
    save_checkpoint(tmp_path, 1, a_checkpoint(1), keep=1, names=BEST)
    saved(tmp_path, 2, 3, keep=1)
    save_checkpoint(tmp_path, 2, a_checkpoint(2), keep=1, names=BEST)
    assert loaded(tmp_path) == 3
    assert load_newest_checkpoint(tmp_path, BEST)[0].state["learner_step"] == 2
    assert {path.name for path in tmp_path.iterdir()} == {name(3), "best-000000000002"}


def test_what_was_just_saved_is_not_removed_for_being_older_than_a_damaged_one(tmp_path: Path):
    """A run that went on from an older checkpoint, since the newest was damaged."""
    saved(tmp_path, 8, 9)
    (tmp_path / name(9) / "manifest.json").unlink()
    saved(tmp_path, 8, keep=1)
    assert loaded(tmp_path) == 8


@pytest.mark.parametrize("leftover", ["tmp", "removed", "replaced"])
def test_leftovers_of_a_save_that_was_cut_short_are_cleared(tmp_path: Path, leftover: str):
    """They are no checkpoints meanwhile."""
    saved(tmp_path, 1, 2)
    shutil.copytree(tmp_path / name(2), tmp_path / f".{name(2)}.{leftover}")
    assert [path.name for path in LAST.newest_first(tmp_path)] == [name(2), name(1)]
    saved(tmp_path, 3, keep=1)
    assert [path.name for path in tmp_path.iterdir()] == [name(3)]


def test_a_checkpoint_that_was_set_aside_for_its_successor_is_still_there(tmp_path: Path):
    """The learner was killed between the two renames: readers find it, and the next save puts it back."""
    saved(tmp_path, 1, 2)
    (tmp_path / name(2)).rename(tmp_path / f".{name(2)}.replaced")
    checkpoint, _, passed_over = load_newest_checkpoint(tmp_path)
    assert_same(a_checkpoint(2), checkpoint)
    assert passed_over == []
    saved(tmp_path, 3)
    assert {path.name for path in tmp_path.iterdir()} == {name(1), name(2), name(3)}


def test_a_second_rename_that_fails_puts_the_first_one_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The same step is saved again, and the disk gives up in between."""
    saved(tmp_path, 2)
    real_rename = Path.rename

    def fail(self: Path, target: Path) -> Path:
        if self.name.endswith(".tmp"):
            raise OSError("gone")
        return real_rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", fail)
        with pytest.raises(OSError, match="gone"):
            save_checkpoint(tmp_path, 2, a_checkpoint(7), keep=1)
    assert [path.name for path in tmp_path.iterdir()] == [name(2)]
    assert_same(a_checkpoint(2), load_newest_checkpoint(tmp_path)[0])


def test_a_save_that_fails_leaves_the_others_and_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A full disk, noticed when the file is synced."""
    saved(tmp_path, 1, 2)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            saved(tmp_path, 3, keep=1)
    assert {path.name for path in tmp_path.iterdir()} == {name(1), name(2)}


def test_an_old_one_that_cannot_be_removed_is_warned_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """The run goes on, and tries again with the next save."""
    saved(tmp_path, 1)
    real_rename = Path.rename

    def held(self: Path, target: Path) -> Path:
        if target.name.endswith(".removed"):
            raise PermissionError(1, "Operation not permitted")
        return real_rename(self, target)

    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(Path, "rename", held)
        saved(tmp_path, 2, keep=1)
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path / name(1)} cannot be removed: Operation not permitted"
    ]
    assert {path.name for path in tmp_path.iterdir()} == {name(1), name(2)}
    saved(tmp_path, 3, keep=1)
    assert [path.name for path in tmp_path.iterdir()] == [name(3)]


def test_a_reader_finds_a_whole_checkpoint_while_a_learner_replaces_the_only_one(tmp_path: Path):
    """Whether the learner goes on to the next step or writes the same one again."""
    saved(tmp_path, 1, keep=1)
    over = threading.Event()

    def learn() -> None:
        step = 1
        while not over.is_set():
            step += 1
            saved(tmp_path, step // 2, keep=1)

    learner = threading.Thread(target=learn)
    learner.start()
    try:
        steps: list[int] = []
        while len(steps) < 300 or steps[-1] < 20:
            checkpoint, _, passed_over = load_newest_checkpoint(tmp_path)
            assert passed_over == []
            steps.append(checkpoint.state["learner_step"])
    finally:
        over.set()
        learner.join()
    assert steps == sorted(steps)
    assert steps[0] < steps[-1]


def test_a_directory_without_checkpoints_is_not_waited_for(tmp_path: Path):
    """Nor one that holds other things only."""
    (tmp_path / "step-best").mkdir()
    with pytest.raises(CheckpointError, match="there are none"):
        load_newest_checkpoint(tmp_path)
