"""The tools agree: linter, formatter, type checker, as a pull request would run them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.source_tree import ROOT

TOOLS = {
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy"],
}


def run(arguments: list[str], folder: Path) -> tuple[int, str]:
    """Run a tool as a module in a folder; return its exit status and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("arguments", TOOLS.values(), ids=TOOLS.keys())
def test_the_tool_has_nothing_to_say(arguments: list[str]):
    """Its own output is the failure's text."""
    status, output = run(arguments, ROOT)
    assert status == 0, output


@pytest.mark.parametrize(
    ("tool", "text"),
    [("ruff check", "import os\n"), ("ruff format", "x = {  1:2 }\n"), ("mypy", 'x: int = "text"\n')],
)
def test_the_tool_complains_of_a_bad_file(tool: str, text: str, tmp_path: Path):
    """With this project's settings each tool fails on a file that deserves it."""
    (tmp_path / "bad.py").write_text(text)
    config = (ROOT / "pyproject.toml").read_text()
    one_file, lists = re.subn(r"(?m)^packages = \[[^]]*\]", 'files = ["bad.py"]', config)
    assert lists == 1
    (tmp_path / "pyproject.toml").write_text(one_file)
    status, output = run(TOOLS[tool], tmp_path)
    assert status == 1, output
    assert "bad.py" in output
