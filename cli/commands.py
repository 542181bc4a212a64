"""The commands, each imported when it is called: most need torch, and a node or a status should not wait."""

import importlib
import sys
from contextlib import redirect_stdout
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from cli.output import alone

COMMANDS = {
    "train": "cli.train:train",
    "resume": "cli.train:resume",
    "evaluate": "cli.evaluate:evaluate",
    "study": "cli.study:study",
    "report": "cli.study:report",
    "node": "cli.node:node",
    "status": "cli.cluster:status",
    "scale": "cli.cluster:scale",
    "compose": "cli.compose:compose",
    "doctor": "cli.doctor:doctor",
    "bench": "cli.bench:bench_app",
    "config": "cli.config:config_app",
    "tasks": "cli.tasks:tasks_app",
}
"""Where each command is: a function, or an application of commands of its own."""


class LazyCommands(TyperGroup):
    """The group of all commands."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 - click's, of whichever typer brings
        """Return the names, in the order in which `--help` shows them."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002 - the same
        """Import a command; None for a name that is none."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        with redirect_stdout(sys.stderr):  # where packages that Gymnasium finds greet
            found = getattr(importlib.import_module(module), attribute)
        command = get_command(found if isinstance(found, typer.Typer) else _alone(cmd_name, found))
        command.name = cmd_name
        _leave_alone(command)
        return command


def _alone(name: str, command: Any) -> typer.Typer:  # noqa: ANN401 - a function of any arguments
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(name)(command)
    return app


def _leave_alone(command: Any) -> None:  # noqa: ANN401 - click's, of whichever typer brings
    """Give standard output to a command for itself, or to each command of a group."""
    for member in getattr(command, "commands", {}).values():
        _leave_alone(member)
    if not hasattr(command, "commands"):
        command.callback = alone(command.callback)
