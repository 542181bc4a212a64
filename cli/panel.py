"""What a user sees while a run trains: a live panel on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterable
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cli.numbers import fixed, score
from training.status.records import RunStatus, TaskStatus

LINE_SECONDS = 5.0


class Display(Protocol):
    """Shows statuses until it is closed."""

    def __call__(self, status: RunStatus) -> None:
        """Show a status."""

    def close(self) -> None:
        """Leave the screen in order."""


class LivePanel:
    """One panel, drawn anew with each status."""

    def __init__(self, console: Console) -> None:
        self._live = Live("starting actors and replay ...", console=console, auto_refresh=False)
        self._live.start()

    def __call__(self, status: RunStatus) -> None:
        """Draw."""
        self._live.update(render(status), refresh=True)

    def close(self) -> None:
        """Leave the last panel on the screen."""
        self._live.stop()


class PlainLines:
    """One line every few seconds, and a line for each warning when it comes up.

    What was noticed about the tasks is said once: its figures may go on moving.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last = 0.0
        self._noted = False
        self._warnings: list[str] = []
        self._print(["starting actors and replay ..."])

    def __call__(self, status: RunStatus) -> None:
        """Print a line if the last is long enough ago."""
        now = time.monotonic()
        if status.learner.notices and not self._noted:
            self._noted = True
            self._print(f"note: {notice}" for notice in status.learner.notices)
        if now - self._last >= LINE_SECONDS:
            self._last = now
            warnings = [warning for warning in status.warnings() if warning not in status.learner.notices]
            self._print([line(status)])
            self._print(f"warning: {warning}" for warning in warnings if warning not in self._warnings)
            self._warnings = warnings

    def _print(self, lines: Iterable[str]) -> None:
        for text in lines:
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Do nothing: lines are complete as they are."""


def display(console: Console) -> Display:
    """Return what suits the console: a panel only where the cursor can move, whatever FORCE_COLOR says."""
    movable = console.is_terminal and console.file.isatty() and not console.is_dumb_terminal
    return LivePanel(console) if movable else PlainLines(console)


def render(status: RunStatus) -> Panel:
    """Return the panel of a status."""
    tasks = Table(expand=True, box=None)
    for heading in (
        "task",
        "env steps",
        "steps/s",
        "episodes",
        "recent",
        "length",
        "greedy",
        "solved at",
        "replay",
        "loss",
        "stale",
        "actors",
    ):
        tasks.add_column(heading, justify="left" if heading == "task" else "right")
    for task in status.tasks:
        tasks.add_row(*_cells(task))
    return Panel(
        Group(tasks, "", _learner_line(status), *(Text(f"warning: {each}") for each in status.warnings())),
        title=f"trunkline: {status.train_seconds:.0f} s of training",
        border_style="cyan",
    )


def line(status: RunStatus) -> str:
    """Return a status as one line of text."""
    tasks = "  ".join(
        f"{task.name}: {task.env_steps:,} steps, recent {score(task.replay.table.recent_return)}, "
        f"greedy {score(task.greedy_return)}"
        for task in status.tasks
    )
    return f"{status.train_seconds:6.1f} s  {tasks}  | {_learner_line(status)}"


def _cells(task: TaskStatus) -> list[str]:
    solved = (
        task.solved_at is not None
        and task.greedy_return is not None
        and (task.greedy_return >= task.solved_at)
    )
    greedy = score(task.greedy_return)
    restarts = f" ({task.crew.restarts} replaced)" if task.crew.restarts else ""
    return [
        task.name,
        f"{task.env_steps:,}",
        f"{task.env_steps_per_second:,.0f}",
        f"{task.replay.table.episodes:,}",
        score(task.replay.table.recent_return),
        fixed(task.replay.table.recent_length, 0),
        f"[bold green]{greedy}[/]" if solved else greedy,
        score(task.solved_at),
        f"{task.replay.table.items / task.replay.replay_capacity:.0%}",
        fixed(task.learning.loss, 4),
        fixed(task.learning.staleness, 1),
        f"{task.crew.at_work}/{task.crew.wanted}{restarts}",
    ]


def _learner_line(status: RunStatus) -> str:
    total = sum(status.learner.phase_seconds.values()) or 1.0
    shares = ", ".join(
        f"{name} {seconds / total:.0%}" for name, seconds in status.learner.phase_seconds.items()
    )
    return f"learner: {status.learner_step:,} updates, {status.updates_per_second:,.0f}/s ({shares})"
