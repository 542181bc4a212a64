"""The `trunkline` command."""

import os
import sys
from typing import NoReturn

import typer

from cli.commands import LazyCommands
from cli.output import begin, note, unwritten
from cli.search_path import search_current_directory
from replay.spare_folder import spare_folder

EXIT_CODES = {
    "config.errors.ConfigError": 3,
    "learner.checkpoint.CheckpointError": 3,
    "replay.restoring.SnapshotError": 3,
    "training.errors.ClusterError": 4,
    "training.errors.TrainingFailedError": 5,
    "replay.client.ShardUnavailableError": 5,
    "actors.sender.RefusedBlockError": 5,
    "actors.weights_follower.WeightsUnavailableError": 5,
    "tasks.errors.EnvironmentFailureError": 5,
}
"""What a user can put right, by name: importing all of these would take as long as importing torch."""
EXIT_UNWRITTEN = 1
EXIT_INTERRUPTED = 130

app = typer.Typer(
    help="Train one value network on many tasks at once.",
    cls=LazyCommands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def _trunkline() -> None:
    """Train one value network on many tasks at once."""


def main() -> NoReturn:
    """Run the command line; what a user can put right ends in one sentence and an exit code of its own."""
    standard_output = begin()
    _give_home()
    search_current_directory()
    try:
        app()
    except SystemExit as end:
        reason = unwritten(standard_output)
        if reason is None:
            raise
        note(f"trunkline: standard output cannot be written: {reason}")
        sys.exit(end.code or EXIT_UNWRITTEN)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except Exception as error:
        code = _exit_code(error)
        if code is None:
            raise
        for sentence in str(error).splitlines():
            note(f"trunkline: {sentence}")
        sys.exit(code)
    sys.exit(0)


def _give_home() -> None:
    """Set HOME where this user has none, as in a container under any number: libraries want one."""
    if os.path.expanduser("~") == "~":
        os.environ["HOME"] = str(spare_folder("trunkline-home") or "/nonexistent")


def _exit_code(error: Exception) -> int | None:
    names = (f"{kind.__module__}.{kind.__name__}" for kind in type(error).__mro__)
    return next((EXIT_CODES[name] for name in names if name in EXIT_CODES), None)
