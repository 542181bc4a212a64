"""Environments that change the process around them: the learner's in a run of one process."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from actors.undisturbed import undisturbed
from tasks.making import make_environment
from tasks.recipe import Recipe
from tests.support.odd_environments import odd


def _state() -> tuple[object, ...]:
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    torch_state = torch.is_grad_enabled(), torch.get_default_dtype(), torch.get_num_threads()
    return os.getcwd(), sys.getrecursionlimit(), np.geterr(), handlers, torch_state


CHANGES: dict[str, Callable[[], object]] = {
    "directory": lambda: os.chdir("/"),
    "recursion": lambda: sys.setrecursionlimit(500),
    "numpy": lambda: np.seterr(all="raise"),
    "handler": lambda: signal.signal(signal.SIGINT, lambda *_: None),
    "ignored": lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN),
    "gradients": lambda: torch.set_grad_enabled(False),
    "dtype": lambda: torch.set_default_dtype(torch.float64),
    "threads": lambda: torch.set_num_threads(torch.get_num_threads() + 1),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("fails", [False, True])
def test_what_is_changed_within_is_put_back(change: str, fails: bool):
    """Also where what runs within raises."""
    before = _state()

    @undisturbed()
    def play() -> None:
        CHANGES[change]()
        assert _state() != before
        if fails:
            raise RuntimeError("the arm is stuck")

    if fails:
        with pytest.raises(RuntimeError):
            play()
    else:
        play()
    assert _state() == before


@pytest.mark.parametrize("default", [signal.default_int_handler, signal.SIG_DFL])
def test_a_default_is_no_exception(default: Any):
    """A simulator may put Python's own handler in the place of a run's: Ctrl-C would end the run unsaved."""
    before = signal.signal(signal.SIGINT, ours := lambda *_: None)
    try:
        with undisturbed():
            signal.signal(signal.SIGINT, default)
        assert signal.getsignal(signal.SIGINT) is ours
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_directory_that_is_gone_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Somebody may remove the directory that a run was started in."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with undisturbed():
        os.chdir("/")
    assert os.getcwd() == "/"


def test_making_an_environment_leaves_the_process_alone():
    """Its constructor may change directories to find its files."""
    before = _state()
    make_environment(Recipe(odd("Roaming"), {}, None)).close()
    assert _state() == before
