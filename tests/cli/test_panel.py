"""What a run shows: a panel where the cursor can move, else lines without escapes."""

import io
import os
import pty
from dataclasses import replace

import pytest
from rich.console import Console

from cli.panel import LivePanel, PlainLines, display
from tests.support.status_builders import run_status, task_status
from training.status.records import RunStatus

STATUS = run_status(task_status("chain"))


@pytest.mark.parametrize("variable", ["FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"])
def test_a_log_holds_no_escapes(monkeypatch: pytest.MonkeyPatch, variable: str):
    """Whatever a container's environment says of colours: the cursor of a file cannot be moved."""
    monkeypatch.setenv(variable, "1")
    monkeypatch.setenv("TERM", "xterm")
    log = io.StringIO()
    shown = display(Console(file=log))
    shown(STATUS)
    shown.close()
    assert "\x1b" not in log.getvalue()
    assert "chain" in log.getvalue()


@pytest.mark.parametrize(("term", "kind"), [("xterm", LivePanel), ("dumb", PlainLines)])
def test_a_terminal_has_a_panel(monkeypatch: pytest.MonkeyPatch, term: str, kind: type):
    """Unless it says that it cannot move its cursor."""
    monkeypatch.setenv("TERM", term)
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        shown = display(Console(file=terminal))
        shown.close()
    os.close(ours)
    assert isinstance(shown, kind)


def test_what_is_lacking_is_shown():
    """A run that waits says for what."""
    assert warnings_in(STATUS) == [f"warning: {sentence}" for sentence in STATUS.warnings()] != []


def test_a_warning_is_shown_when_it_comes_up(monkeypatch: pytest.MonkeyPatch):
    """Not with every line; when it had gone and comes back it is shown again."""
    monkeypatch.setattr("cli.panel.LINE_SECONDS", 0.0)
    calm, times = replace(STATUS, tasks=[]), len(STATUS.warnings())
    assert len(warnings_in(STATUS, STATUS, STATUS)) == times
    assert len(warnings_in(STATUS, calm, STATUS)) == 2 * times


def warnings_in(*statuses: RunStatus) -> list[str]:
    """Return the warnings among the lines of some statuses."""
    log = io.StringIO()
    show = display(Console(file=log))
    for status in statuses:
        show(status)
    return [text for text in log.getvalue().splitlines() if text.startswith("warning: ")]
