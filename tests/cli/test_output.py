"""Standard output is what a command answers, whatever prints, reads or lacks letters around it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.runs import TINY
from tests.support.source_tree import ROOT

TRUNKLINE = str(Path(sys.executable).with_name("trunkline"))
UTF8 = "# größer, 大\nseed: 7\ntasks: {a: {env: CartPole-v1}}\n"
CHATTY = "tests.support.chatty:trunkline-test/Chatty-v0"


def said(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Run `trunkline` as a script does, in a folder."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "", **variables}
    return subprocess.run(
        [TRUNKLINE, *arguments], cwd=folder, env=environment, capture_output=True, timeout=170, check=False
    )


def shell(command: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of a shell in which $T is `trunkline`."""
    environment = {**os.environ, "T": TRUNKLINE}
    return subprocess.run(
        ["bash", "-c", command], env=environment, capture_output=True, timeout=60, check=False
    )


@pytest.fixture(name="chatty", scope="module")
def _chatty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a configuration of an environment that prints."""
    folder = tmp_path_factory.mktemp("chatty")
    task = {"env": CHATTY, "envs_per_actor": 2, "solved_at": None}
    config = {**TINY, "stop_env_steps": 600, "tasks": {"chatty": task}}
    (folder / "run.yaml").write_text(yaml.safe_dump(config))
    return folder


def test_a_training_answers_with_one_object(chatty: Path):
    """What the environment prints while it is imported, built, stepped and left goes to standard error."""
    done = said(chatty, "train", "run.yaml", "--runtime", "local", "--run-dir", "run", "--json")
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout)["run_dir"] == "run"
    for when in ("imported", "built", "left"):
        assert f"python {when}".encode() in done.stderr
    for words in (b"printf", b"descriptor", b"child", b"step"):
        assert words in done.stderr


@pytest.mark.parametrize("arguments", [["validate", "run.yaml", "--json"], ["show", "run.yaml"]], ids=str)
def test_a_configuration_is_all_that_is_printed(chatty: Path, arguments: list[str]):
    """Here too the environment is built."""
    done = said(chatty, "config", *arguments)
    assert done.returncode == 0, done.stderr.decode()
    shown = yaml.safe_load(done.stdout)
    assert shown.get("valid") or list(shown["tasks"]) == ["chatty"]
    assert b"python built" in done.stderr


@pytest.mark.parametrize("command", ["tasks list", "tasks list --json", "tasks list --help"])
def test_a_reader_that_is_gone_ends_nothing(command: str):
    """`| true` reads nothing: the command ends in order, and says nothing of it."""
    done = shell(f"$T {command} | true; echo ${{PIPESTATUS[0]}}")
    assert (done.stdout, done.stderr) == (b"0\n", b"")


@pytest.mark.parametrize("closing", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_end_nothing(closing: str, tmp_path: Path):
    """As some supervisors start what they start."""
    done = shell(f"cd {tmp_path} && $T tasks list {closing}; echo $?")
    assert done.stdout.splitlines()[-1] == b"0"
    assert b"Traceback" not in done.stderr


def test_an_answer_that_cannot_be_written_is_said():
    """A full disk: the caller shall not take half an object for the whole."""
    done = shell("$T tasks list --json > /dev/full")
    assert done.returncode == 1
    assert done.stderr == b"trunkline: standard output cannot be written: No space left on device\n"


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"TERM": "dumb", "COLUMNS": "1"},
    ],
    ids=str,
)
def test_any_terminal_will_do(tmp_path: Path, variables: dict[str, str]):
    """Tables have lines that encodings lack, and mistakes quote what was typed; files are UTF-8 anyway."""
    (tmp_path / "run.yaml").write_text(UTF8, encoding="utf-8")
    for arguments, code in ((["tasks", "list"], 0), (["config", "show", "run.yaml"], 0), (["fly大"], 2)):
        done = said(tmp_path, *arguments, **variables)
        assert done.returncode == code, done.stderr
        assert b"Traceback" not in done.stderr
