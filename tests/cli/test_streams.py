"""Streams that never end a command."""

import codecs
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli import streams
from cli.streams import Outlet, OutletText
from tests.support.source_tree import ROOT


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [("ascii", b"gr\\xf6\\xdfe \xff \\u5927\n"), ("latin-1", b"gr\xf6\xdfe \xff \\u5927\n")],
)
def test_letters_that_are_lacking_are_spelled_out(tmp_path: Path, encoding: str, expected: bytes):
    """And bytes of a file name that is no text are given back as they were."""
    codecs.register_error(streams.LETTERS, streams._spelled_out)
    with (tmp_path / "out").open("wb") as file:
        text = OutletText(file.fileno(), encoding)
        text.write("gr\u00f6\u00dfe \udcff \u5927\n")
        text.flush()
    assert (tmp_path / "out").read_bytes() == expected


def test_a_pipe_that_does_not_block_is_waited_for():
    """Such are left behind by programs that shared the terminal; a long answer arrives whole."""
    codecs.register_error(streams.LETTERS, streams._spelled_out)
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with subprocess.Popen(["wc", "-c"], stdin=reader, stdout=subprocess.PIPE) as counter:
        os.close(reader)
        text = OutletText(writer, "utf-8")
        text.write("x" * 1_000_000)
        text.flush()
        os.close(writer)
        assert counter.communicate(timeout=30)[0].strip() == b"1000000"
    assert text.error is None


def test_after_an_error_all_is_dropped():
    """The reason stays; nothing is raised, then or later."""
    reader, writer = os.pipe()
    os.close(reader)
    with Outlet(writer, "w") as outlet:
        assert outlet.write(b"some") == 4
        assert isinstance(outlet.error, BrokenPipeError)
        assert outlet.write(b"more") == 4


def test_descriptors_that_are_closed_are_filled():
    """A file that is opened later must not become standard input or error."""
    code = "import os; from cli.streams import *; fill_closed_descriptors(); os.write(1, b'%d' % os.dup(1))"
    line = f'exec "{sys.executable}" -c "{code}" <&- 2>&-'
    done = subprocess.run(["bash", "-c", line], cwd=ROOT, capture_output=True, check=True, timeout=60)
    assert int(done.stdout) >= 3


def test_a_stream_that_is_closed_goes_on(tmp_path: Path):
    """What is written before and after arrives: standard output and standard error may be one object."""
    codecs.register_error(streams.LETTERS, streams._spelled_out)
    with (tmp_path / "out").open("wb") as file:
        text = OutletText(file.fileno(), "utf-8")
        text.write("before ")
        text.close()
        text.write("after")
        text.flush()
    assert (tmp_path / "out").read_bytes() == b"before after"
