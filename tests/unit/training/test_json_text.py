"""JSON from outside: whatever stands in a file, there is one kind of error."""

import json
import os
from pathlib import Path

import pytest

from tests.support.learning_builders import tiny_parts
from training.directory.best_keeper import BestKeeper
from training.directory.run_directory import RunDirectory
from training.json_text import NotJsonError, parse_json, read_json


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 200_000, b'{"a":' * 200_000], ids=len)
def test_what_is_no_json_is_one_kind_of_error(tmp_path: Path, content: bytes):
    """Also what is nested more deeply than the parser can follow, in a file or not."""
    with pytest.raises(NotJsonError):
        parse_json(content)
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(NotJsonError):
        read_json(tmp_path / "file")


def test_what_is_no_regular_file_is_not_waited_for(tmp_path: Path):
    """A pipe that nobody writes to, a device without an end, a directory, nothing; a link is read."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/zero")
    for name in ("pipe", "device", ".", "nothing"):
        with pytest.raises(NotJsonError):
            read_json(tmp_path / name)
    (tmp_path / "file").write_text(json.dumps({"a": [1, None]}))
    (tmp_path / "link").symlink_to("file")
    assert read_json(tmp_path / "link") == {"a": [1, None]}


def test_ranges_that_cannot_be_read_do_not_keep_a_run_from_going_on(tmp_path: Path):
    """What the tasks have reached is then found out anew."""
    parts = tiny_parts()
    directory = RunDirectory.create(tmp_path / "run", parts.config)
    (directory.path / "ranges.json").write_text("[" * 200_000)
    assert BestKeeper(directory, parts.network()).best is None
