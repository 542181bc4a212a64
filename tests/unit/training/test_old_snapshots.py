"""Snapshots of shards that a run has no more, and what somebody keeps beside them."""

from pathlib import Path

import pytest

from replay.manifest import MANIFEST
from replay.snapshot import SnapshotWriter
from tests.support.learning_builders import tiny_parts


@pytest.fixture(name="replay")
def _replay(tmp_path: Path) -> Path:
    """A directory with the run's own shard, an old one, and copies and links of it."""
    for name in ("shard-0", "shard-7", "shard-7.bak", "shard-best"):
        (tmp_path / name).mkdir()
        (tmp_path / name / MANIFEST).write_text("damaged")
    (tmp_path / "shard-9").symlink_to("shard-7.bak")
    return tmp_path


def test_old_snapshots_go_and_all_else_stays(replay: Path):
    """The run has one shard: only `shard-7` is old."""
    tiny_parts(replay_directory=replay).replay.remove_old_snapshots()
    assert sorted(path.name for path in replay.iterdir()) == [
        "shard-0",
        "shard-7.bak",
        "shard-9",
        "shard-best",
    ]


def test_what_lies_beside_snapshots_is_not_restored(tmp_path: Path):
    """A copy would be damage here, or bring every transition twice."""
    parts = tiny_parts(replay_directory=tmp_path)
    shard = parts.replay.shard(0)
    writer = parts.replay.snapshot_writer(0)
    assert isinstance(writer, SnapshotWriter)
    for piece in writer.pieces(shard.tables):
        writer.write(piece)
    writer.commit()
    (tmp_path / "shard-0.bak").mkdir()
    (tmp_path / "shard-0.bak" / MANIFEST).write_text("damaged")
    parts.replay.restore(parts.replay.shard(0), 0)


def test_an_old_snapshot_that_cannot_be_removed_ends_nothing(
    replay: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """A warning names it."""

    def held(_: Path, __: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", held)
        tiny_parts(replay_directory=replay).replay.remove_old_snapshots()
    assert caplog.messages == [f"{replay / 'shard-7'} cannot be removed: Permission denied"]
    assert (replay / "shard-7").exists()
