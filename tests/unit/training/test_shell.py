"""Commands that work as they are printed."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from training.shell import as_operand, command_line, program

NAMES = ["plain", "a b", "it's", 'say "x"', "$HOME", "`id`", "~", "-x", "*", "100%d"]
NAMES += ["a\nb", "a\tb\x1b[0m", "größe 大", "\udcff"]


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_a_shell_reads_what_was_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell: str, encoding: str
):
    """On one line, in letters that the terminal has."""
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding))
    lines = []
    for number, name in enumerate(NAMES):
        folder = tmp_path / str(number) / name
        folder.mkdir(parents=True)
        line = command_line(["ls", "-d", as_operand(Path(name))])
        assert "\n" not in line
        line.encode(encoding)
        lines.append(f"(cd {tmp_path}/{number} && {line} >/dev/null) || echo {number}")
    done = subprocess.run(
        [shell], input="\n".join(lines).encode(), capture_output=True, check=True, timeout=60
    )
    assert (done.stdout, done.stderr) == (b"", b"")


def test_a_program_is_called_by_name_only_where_that_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Another of the same name, earlier on PATH, is not what was meant."""
    own = Path(sys.executable).with_name("trunkline")
    monkeypatch.setattr(sys, "argv", ["trunkline"])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(own.parent))
    assert program("trunkline") == "trunkline"
    other = tmp_path / "trunkline"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    monkeypatch.chdir("/")
    monkeypatch.setenv("PATH", f"{tmp_path}:{own.parent}")
    assert program("trunkline") == str(own)
    monkeypatch.setenv("PATH", "")
    assert program("trunkline") == str(own)


def test_a_path_is_no_option():
    """One that begins with a dash is named from where it lies; all others stay as they are."""
    assert as_operand(Path("-x/run")) == "./-x/run"
    assert as_operand(Path("runs/-x")) == "runs/-x"
    assert as_operand(Path("/runs/x")) == "/runs/x"
