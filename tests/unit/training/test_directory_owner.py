"""A directory has one owner: a second is refused by name, and one that is gone is not waited for."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from config.errors import ConfigError
from training.directory.owner import (
    OWNER,
    REBOOTED_SECONDS,
    SILENT_SECONDS,
    Owner,
    is_gone,
    owned,
)
from training.errors import TrainingFailedError
from training.json_text import json_text

HERE = Owner("here", 10, "boot-1", "a", "/run", 7)

OWNING = """
import sys, time
from pathlib import Path
from training.directory.owner import owned
with owned(Path(sys.argv[1]), "run directory"):
    print("mine", flush=True)
    {then}
"""


def owning(directory: Path, then: str = "time.sleep(600)") -> subprocess.Popen[str]:
    """Start a process that owns a directory, and wait until it does."""
    command = [sys.executable, "-c", OWNING.format(then=then), str(directory)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "mine\n"
    return process


def refused(directory: Path) -> str:
    with pytest.raises(ConfigError) as caught, owned(directory, "run directory"):
        pass
    return str(caught.value)


def named(directory: Path, owner: Owner, silent_seconds: float = 0.0) -> None:
    """Let a file name an owner that gave its last sign so long ago."""
    (directory / OWNER).write_text(json_text(vars(owner)))
    then = time.time() - silent_seconds
    os.utime(directory / OWNER, (then, then))


def test_a_second_owner_is_refused_by_name_until_the_first_is_gone(tmp_path: Path):
    """One sentence names directory, host and process; a process that was killed is not waited for."""
    process = owning(tmp_path)
    host = os.uname().nodename
    assert refused(tmp_path) == (
        f"run directory {str(tmp_path)!r} is in use by process {process.pid} on host {host!r}: "
        "wait until that process has ended, or give another directory"
    )
    assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert (tmp_path / OWNER).exists()
    with owned(tmp_path, "run directory"):
        assert f"process {os.getpid()} on" in refused(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_container_that_starts_again_finds_its_own_host_and_process_id(tmp_path: Path):
    """All but the free lock says that the one before is this process itself."""
    named(tmp_path, replace(Owner.here(), token="of the one before"))
    with owned(tmp_path, "run directory"):
        pass


def test_a_forked_child_does_not_keep_the_lock(tmp_path: Path):
    """Vector environments fork: a child that outlives a killed owner owns nothing."""
    then = "import os; os.fork() or print(os.getpid(), flush=True); time.sleep(600)"
    process = owning(tmp_path, then)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    try:
        process.send_signal(signal.SIGKILL)
        process.wait()
        os.kill(child, 0)
        with owned(tmp_path, "run directory"):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        process.stdout.close()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[1]",
        b'{"host": 1}',
        b"\xff",
        b"[" * 200_000,
        b'{"host": [1], "pid": "x", "boot": "b", "token": "t"}',
        b'{"host": "h", "pid": true, "boot": "b", "token": "t"}',
    ],
    ids=len,
)
def test_a_file_that_names_nobody_keeps_nobody_out(tmp_path: Path, content: bytes):
    """A process that was killed while it wrote it, or a full disk."""
    (tmp_path / OWNER).write_bytes(content)
    with owned(tmp_path, "run directory"):
        assert "in use" in refused(tmp_path)


def test_an_owner_on_another_host_counts_for_as_long_as_it_gives_signs(tmp_path: Path):
    """Its file system may not have passed the lock on."""
    elsewhere = Owner("elsewhere", 77, "boot-9", "b")
    named(tmp_path, elsewhere)
    assert "is in use by process 77 on host 'elsewhere'" in refused(tmp_path)
    named(tmp_path, elsewhere, SILENT_SECONDS + 5)
    with owned(tmp_path, "run directory"):
        pass


def test_a_copy_of_a_directory_is_not_its_owners(tmp_path: Path):
    """Its file names somebody on another host who owns the original, which stays in use, also if moved."""
    original, copy = tmp_path / "original", tmp_path / "copy"
    original.mkdir()
    (original / OWNER).touch()
    inode = (original / OWNER).stat().st_ino
    named(original, Owner("elsewhere", 77, "boot-9", "b", str(original), inode))
    shutil.copytree(original, copy)
    os.utime(copy / OWNER)
    with owned(copy, "run directory"):
        assert f"process {os.getpid()} on" in refused(copy)
    assert "process 77 on host 'elsewhere'" in refused(original)
    assert "process 77 on host 'elsewhere'" in refused(original.rename(tmp_path / "moved"))


def test_an_owner_gives_signs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The time of change of its file goes on."""
    monkeypatch.setattr("training.directory.owner.SIGN_SECONDS", 0.01)
    with owned(tmp_path, "run directory"):
        os.utime(tmp_path / OWNER, (0, 0))
        deadline = time.monotonic() + 10
        while (tmp_path / OWNER).stat().st_mtime == 0:
            assert time.monotonic() < deadline


def test_an_owner_whose_place_was_taken_hears_so(tmp_path: Path):
    """Before it saves anything; its successor stays the owner when it leaves."""
    with owned(tmp_path, "run directory") as ownership:
        ownership.check()
        (tmp_path / OWNER).unlink()
        named(tmp_path, Owner("elsewhere", 77, "boot-9", "b"))
        with pytest.raises(TrainingFailedError, match="was taken over by process 77 on host 'elsewhere'"):
            ownership.check()
    assert "process 77" in refused(tmp_path)


@pytest.mark.parametrize(
    ("owner", "silent_seconds", "lock_tells", "gone"),
    [
        (replace(HERE, token="b"), 0.0, True, True),
        (replace(HERE, token="b", host="another container"), 0.0, True, True),
        (replace(HERE, token="b"), 0.0, False, False),
        (replace(HERE, token="b"), SILENT_SECONDS + 1, False, True),
        (replace(HERE, boot="boot-0"), 0.0, True, False),
        (replace(HERE, boot="boot-0"), REBOOTED_SECONDS + 1, True, True),
        (replace(HERE, boot="boot-0"), REBOOTED_SECONDS + 1, False, True),
        (Owner("elsewhere", 10, "boot-2", "b"), REBOOTED_SECONDS + 1, True, False),
        (Owner("elsewhere", 10, "boot-2", "b"), SILENT_SECONDS + 1, True, True),
        (Owner("elsewhere", 10, "boot-2", "b", "/a", 1), 0.0, True, True),
        (Owner("elsewhere", 10, "boot-2", "b", "/a", HERE.inode), 0.0, True, False),
        (Owner("elsewhere", 10, "boot-2", "b", HERE.path, 1), 0.0, True, False),
    ],
)
def test_who_is_gone(owner: Owner, silent_seconds: float, lock_tells: bool, gone: bool):
    """A free lock proves it on the same kernel; elsewhere, and without locks, silence does."""
    assert is_gone(owner, HERE, silent_seconds, lock_tells) is gone


def test_a_directory_is_made_and_goes_again_if_nothing_comes_of_it(tmp_path: Path):
    """One that was there stays, empty or not."""
    (tmp_path / "there").mkdir()
    for name in ("there", "new", "begun"):
        with owned(tmp_path / name, "run directory"):
            if name == "begun":
                (tmp_path / name / "file").touch()
    assert {path.name for path in tmp_path.iterdir()} == {"there", "begun"}


def test_a_directory_that_cannot_be_written_is_a_sentence(tmp_path: Path):
    """Here a file stands in the way."""
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "run"
    assert refused(path) == f"run directory {str(path)!r} cannot be written: Not a directory"
