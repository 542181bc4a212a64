"""Damaged checkpoints are named and passed over, whatever the damage."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from learner.checkpoint import CheckpointError, load_newest_checkpoint, save_checkpoint
from tests.unit.learner.test_checkpoint import a_checkpoint, assert_same

Damage = Callable[[Path], Any]
OLD, NEW = 6, 7


def with_manifest(change: Callable[[dict[str, Any]], Any]) -> Damage:
    """Return a damage that edits the manifest as JSON."""

    def damage(directory: Path) -> None:
        manifest = json.loads((directory / "manifest.json").read_text())
        change(manifest)
        (directory / "manifest.json").write_text(json.dumps(manifest))

    return damage


def truncate(name: str) -> Damage:
    return lambda directory: (directory / name).write_bytes((directory / name).read_bytes()[:-1])


def empty(name: str) -> Damage:
    return lambda directory: (directory / name).write_bytes(b"")


def remove(name: str) -> Damage:
    return lambda directory: (directory / name).unlink()


def remove_all(directory: Path) -> None:
    for path in directory.iterdir():
        path.unlink()


def pipe(name: str) -> Damage:
    def damage(directory: Path) -> None:
        (directory / name).unlink()
        os.mkfifo(directory / name)

    return damage


def rename_entry(name: str, to: str) -> Damage:
    def change(manifest: dict[str, Any]) -> None:
        manifest["files"][to] = manifest["files"].pop(name)

    return with_manifest(change)


DAMAGES: dict[str, tuple[Damage, str]] = {
    "weights truncated": (truncate("weights.safetensors"), "weights.safetensors has"),
    "state truncated": (truncate("state.msgpack"), "state.msgpack has"),
    "text truncated": (truncate("config.yaml"), "config.yaml has"),
    "weights empty": (empty("weights.safetensors"), "weights.safetensors has 0 bytes"),
    "weights missing": (remove("weights.safetensors"), "weights.safetensors"),
    "state missing": (remove("state.msgpack"), "state.msgpack"),
    "manifest missing": (remove("manifest.json"), "manifest.json"),
    "manifest empty": (empty("manifest.json"), "JSONDecodeError"),
    "manifest truncated": (truncate("manifest.json"), "JSONDecodeError"),
    "manifest not text": (lambda d: (d / "manifest.json").write_bytes(b"\xff\xfe\x00"), "is damaged"),
    "manifest a list": (lambda d: (d / "manifest.json").write_text("[]"), "is damaged"),
    "manifest null": (lambda d: (d / "manifest.json").write_text("null"), "is damaged"),
    "no files": (with_manifest(lambda m: m.pop("files")), "files"),
    "files a list": (with_manifest(lambda m: m.update(files=[1])), "is damaged"),
    "entry a number": (with_manifest(lambda m: m["files"].update({"state.msgpack": 3})), "is damaged"),
    "entry with too much": (with_manifest(lambda m: m["files"]["state.msgpack"].update(x=1)), "is damaged"),
    "no state listed": (with_manifest(lambda m: m["files"].pop("state.msgpack")), "state.msgpack"),
    "no format": (with_manifest(lambda m: m.pop("format")), "format"),
    "newer format": (with_manifest(lambda m: m.update(format=3)), "has format 3, not 2"),
    "file outside": (rename_entry("config.yaml", "../config.yaml"), "outside it, '../config.yaml'"),
    "absolute file": (rename_entry("config.yaml", "/etc/passwd"), "outside it, '/etc/passwd'"),
    "the directory": (rename_entry("config.yaml", ".."), "step-000000000007"),
    "nothing": (rename_entry("config.yaml", ""), "step-000000000007"),
    "null character": (rename_entry("config.yaml", "a\0b"), "step-000000000007"),
    "state a pipe": (pipe("state.msgpack"), "'state.msgpack' is no regular file"),
    "manifest a pipe": (pipe("manifest.json"), "'manifest.json' is no regular file"),
    "all gone": (remove_all, "manifest.json"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_checkpoint_is_named_and_passed_over(tmp_path: Path, name: str):
    """The sentence says which checkpoint and what is wrong; the one before it is loaded."""
    damage, expected = DAMAGES[name]
    save_checkpoint(tmp_path, OLD, a_checkpoint(OLD), keep=9)
    damage(save_checkpoint(tmp_path, NEW, a_checkpoint(NEW), keep=9))
    checkpoint, directory, passed_over = load_newest_checkpoint(tmp_path)
    assert_same(a_checkpoint(OLD), checkpoint)
    assert directory.name == "step-000000000006"
    assert len(passed_over) == 1
    assert "step-000000000007" in passed_over[0]
    assert expected in passed_over[0]


def test_only_damaged_checkpoints_are_an_error_that_names_them_all(tmp_path: Path):
    """Nothing half-good is ever loaded."""
    for step in (OLD, NEW):
        truncate("weights.safetensors")(save_checkpoint(tmp_path, step, a_checkpoint(step), keep=9))
    with pytest.raises(CheckpointError, match=r"step-000000000007.*; .*step-000000000006") as caught:
        load_newest_checkpoint(tmp_path)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("keep", [1, 2])
def test_a_checkpoint_under_another_name_is_passed_over_and_takes_the_place_of_none(
    tmp_path: Path, keep: int
):
    """A copy, or a directory that was renamed: it is never what a run goes on from, whatever its number."""
    directory = save_checkpoint(tmp_path, NEW, a_checkpoint(NEW), keep)
    for step in (999_999_999_999, NEW + 1):
        shutil.copytree(directory, tmp_path / f"step-{step:012d}")
    _, found, passed_over = load_newest_checkpoint(tmp_path)
    assert found == directory
    assert passed_over[0] == "checkpoint step-999999999999 is of learner step 7: it was copied or renamed"
    for step in (NEW + 2, NEW + 3):
        save_checkpoint(tmp_path, step, a_checkpoint(step), keep)
        checkpoint, found, _ = load_newest_checkpoint(tmp_path)
        assert (checkpoint.state["learner_step"], found.name) == (step, f"step-{step:012d}")
    assert (tmp_path / f"step-{NEW + 2:012d}").exists() == (keep == 2)
    assert not directory.exists()


@pytest.mark.parametrize(
    "name", ["weights.safetensors", "random.safetensors", "state.msgpack", "config.yaml"]
)
@pytest.mark.parametrize("seed", range(8))
def test_a_flipped_bit_anywhere_is_noticed(tmp_path: Path, name: str, seed: int):
    """One bit of any listed file, header or values, and the checkpoint is not what was written."""
    save_checkpoint(tmp_path, OLD, a_checkpoint(OLD), keep=9)
    path = save_checkpoint(tmp_path, NEW, a_checkpoint(NEW), keep=9) / name
    flip(path, np.random.default_rng(seed))
    _, directory, passed_over = load_newest_checkpoint(tmp_path)
    assert directory.name == "step-000000000006"
    assert passed_over == [f"checkpoint step-000000000007: {name} is not what was written"]


@pytest.mark.parametrize("seed", range(40))
def test_a_flipped_bit_in_the_manifest_never_changes_what_is_loaded(tmp_path: Path, seed: int):
    """Either the checkpoint is passed over, or the flip was harmless and everything is as it was saved."""
    save_checkpoint(tmp_path, OLD, a_checkpoint(OLD), keep=9)
    path = save_checkpoint(tmp_path, NEW, a_checkpoint(NEW), keep=9) / "manifest.json"
    flip(path, np.random.default_rng(seed))
    checkpoint, directory, passed_over = load_newest_checkpoint(tmp_path)
    step = int(directory.name.removeprefix("step-"))
    assert_same(a_checkpoint(step), checkpoint)
    assert len(passed_over) == (step == OLD)


def flip(path: Path, rng: np.random.Generator) -> None:
    data = bytearray(path.read_bytes())
    data[rng.integers(len(data))] ^= 1 << int(rng.integers(8))
    path.write_bytes(data)
