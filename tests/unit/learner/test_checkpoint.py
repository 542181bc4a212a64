"""Checkpoint directories: written whole, verified when read, the newest good one wins."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from learner.checkpoint import Checkpoint, CheckpointError, load_newest_checkpoint, save_checkpoint


def a_checkpoint(step: int = 7) -> Checkpoint:
    return Checkpoint(
        tensors={
            "weights": {"x": torch.arange(6, dtype=torch.float32).view(2, 3) + step, "y": torch.tensor(0.1)},
            "random": {"torch": torch.arange(5, dtype=torch.uint8)},
            "empty": {},
        },
        state={"learner_step": step, "env_steps": {"a": 1}, "seconds": 0.1, "none": None},
        texts={"config.yaml": "seed: 1  # äöü\n"},
    )


def assert_same(expected: Checkpoint, actual: Checkpoint) -> None:
    assert actual.state == expected.state
    assert actual.texts == expected.texts
    assert set(actual.tensors) == set(expected.tensors)
    for group, named in expected.tensors.items():
        assert set(actual.tensors[group]) == set(named)
        for name, value in named.items():
            found: Tensor = actual.tensors[group][name]
            assert (found.dtype, found.shape) == (value.dtype, value.shape)
            assert torch.equal(found, value)


def test_what_is_saved_comes_back_bit_for_bit(tmp_path: Path):
    """Tensors of any group, plain values and texts."""
    directory = save_checkpoint(tmp_path, 7, a_checkpoint(), keep=3)
    loaded, found, passed_over = load_newest_checkpoint(tmp_path)
    assert_same(a_checkpoint(), loaded)
    assert (found, passed_over) == (directory, [])
    assert directory.name == "step-000000000007"


def test_the_newest_step_wins_also_beyond_a_digit(tmp_path: Path):
    """Step 1000 is newer than step 999, in whatever order they were written."""
    for step in (1000, 9, 999):
        save_checkpoint(tmp_path, step, a_checkpoint(step), keep=9)
    assert load_newest_checkpoint(tmp_path)[0].state["learner_step"] == 1000


@pytest.mark.parametrize("keep", [1, 3])
def test_only_the_newest_are_kept(tmp_path: Path, keep: int):
    """Older directories go once a newer one is complete."""
    for step in range(1, 6):
        save_checkpoint(tmp_path, step, a_checkpoint(step), keep)
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept == [f"step-{step:012d}" for step in range(6 - keep, 6)]


def test_the_same_step_again_replaces_its_checkpoint(tmp_path: Path):
    """The last checkpoint of a run may fall on a periodic one."""
    later = replace(a_checkpoint(7), texts={"config.yaml": "seed: 2\n"})
    save_checkpoint(tmp_path, 7, a_checkpoint(7), keep=3)
    save_checkpoint(tmp_path, 7, later, keep=3)
    assert len(list(tmp_path.iterdir())) == 1
    assert_same(later, load_newest_checkpoint(tmp_path)[0])


def test_no_directory_and_an_empty_one_say_so(tmp_path: Path):
    """There is one sentence, with the place in it."""
    for root in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(CheckpointError) as caught:
            load_newest_checkpoint(root)
        assert str(caught.value) == f"no checkpoint under {root} can be used: there are none"


@pytest.mark.parametrize("step", [8, 7], ids=["a new step", "the same step"])
def test_dying_before_the_rename_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
):
    """The temporary directory is not taken for a checkpoint, an older one still loads, a later save works."""
    save_checkpoint(tmp_path, 6, a_checkpoint(6), keep=3)
    save_checkpoint(tmp_path, 7, a_checkpoint(7), keep=3)
    later = replace(a_checkpoint(step), texts={"config.yaml": "seed: 2\n"})

    def die(_: Path, __: Path) -> Path:
        raise OSError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", die)
        with pytest.raises(OSError, match="power cut"):
            save_checkpoint(tmp_path, step, later, keep=1)
    checkpoint, _, passed_over = load_newest_checkpoint(tmp_path)
    assert checkpoint.state["learner_step"] in (6, 7)
    assert_same(a_checkpoint(checkpoint.state["learner_step"]), checkpoint)
    assert passed_over == []
    save_checkpoint(tmp_path, step, later, keep=1)
    assert_same(later, load_newest_checkpoint(tmp_path)[0])
    assert [path.name for path in tmp_path.iterdir()] == [f"step-{step:012d}"]


def test_dying_while_a_file_is_written_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A full disk in the middle is as good as no attempt."""
    save_checkpoint(tmp_path, 7, a_checkpoint(7), keep=3)
    real_open = Path.open

    def full_disk(self: Path, mode: str = "r"):
        if self.name == "state.msgpack" and mode == "wb":
            raise OSError(28, "No space left on device")
        return real_open(self, mode)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full_disk)
        with pytest.raises(OSError, match="No space"):
            save_checkpoint(tmp_path, 8, a_checkpoint(8), keep=1)
    checkpoint, _, passed_over = load_newest_checkpoint(tmp_path)
    assert (checkpoint.state["learner_step"], passed_over) == (7, [])


def test_every_file_is_in_the_manifest(tmp_path: Path):
    """Size and SHA-256 are listed for all but the manifest itself, and there is no pickle among them."""
    directory = save_checkpoint(tmp_path, 7, a_checkpoint(), keep=3)
    manifest = json.loads((directory / "manifest.json").read_text())
    names = {path.name for path in directory.iterdir()} - {"manifest.json"}
    assert set(manifest["files"]) == names
    assert {name.split(".", 1)[1] for name in names} == {"safetensors", "msgpack", "yaml"}
