"""Logs on disks that fill up, fail and come back."""

import errno
import logging
import os
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from training.directory.append_file import AppendFile


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size: a write gets as far as there is room, then fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def test_what_a_full_disk_left_of_a_record_is_cut_off_and_later_ones_follow_whole(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    """One warning for each outage and one for its end, with the number of lost records."""
    file = AppendFile(tmp_path / "log")
    assert file.append(b"one\n")
    with caplog.at_level(logging.WARNING):
        with room_for(9):
            assert not file.append(b"much too long\n")
            assert (tmp_path / "log").read_bytes() == b"one\n"
            assert not file.append(b"too long\n")
            assert file.append(b"two\n")
        with room_for(9):
            assert not file.append(b"three\n")
    assert (tmp_path / "log").read_bytes() == b"one\ntwo\n"
    assert (file.name, file.lost) == ("log", 3)
    cannot = (
        f"{tmp_path / 'log'} cannot be written (File too large): "
        "the run goes on without it, and each new record tries again"
    )
    assert [record.getMessage() for record in caplog.records] == [
        cannot,
        f"{tmp_path / 'log'} can be written again; records lost: 2",
        cannot,
    ]


def test_a_torn_record_that_cannot_be_cut_off_at_once_is_cut_off_before_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A disk that fails altogether for a while."""
    file = AppendFile(tmp_path / "log")
    file.append(b"one\n")

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch, room_for(6):
        patch.setattr(os, "ftruncate", fail)
        assert not file.append(b"two\n")
    assert (tmp_path / "log").read_bytes() == b"one\ntw"
    assert file.append(b"three\n")
    assert (tmp_path / "log").read_bytes() == b"one\nthree\n"


@pytest.mark.parametrize("when", ["open", "close"])
def test_errors_of_opening_and_closing_are_survived_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
):
    """A directory that became read-only; a file server that has no room left for what it took."""
    file = AppendFile(tmp_path / "log")
    real = getattr(os, when)

    def fail(*arguments: object) -> None:
        if when == "close":
            real(*arguments)
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr(os, when, fail)
        assert not file.append(b"one\n")
    assert file.append(b"two\n")
    assert (tmp_path / "log").read_bytes() == b"two\n"


IN_THE_WAY: dict[str, Callable[[Path], object]] = {
    "a device that is full": lambda path: path.symlink_to("/dev/full"),
    "a directory": Path.mkdir,
    "a pipe that nobody reads": os.mkfifo,
    "a link that leads nowhere": lambda path: path.symlink_to("nowhere/log"),
}


@pytest.mark.parametrize("kind", IN_THE_WAY)
def test_whatever_stands_in_the_way_is_counted_and_waited_out(tmp_path: Path, kind: str):
    """Nothing blocks, nothing raises, and once it is gone there is a log."""
    IN_THE_WAY[kind](tmp_path / "log")
    file = AppendFile(tmp_path / "log")
    assert not file.append(b"one\n")
    assert not file.append(b"two\n")
    (tmp_path / "log").rename(tmp_path / "gone")
    assert file.append(b"three\n")
    assert ((tmp_path / "log").read_bytes(), file.lost) == (b"three\n", 2)


def test_a_log_that_is_moved_away_begins_anew(tmp_path: Path):
    """As programs do that rotate logs; its directory, too, comes back."""
    file = AppendFile(tmp_path / "folder" / "log")
    file.append(b"one\n")
    (tmp_path / "folder").rename(tmp_path / "old")
    file.append(b"two\n")
    assert (tmp_path / "old" / "log").read_bytes() == b"one\n"
    assert (tmp_path / "folder" / "log").read_bytes() == b"two\n"
