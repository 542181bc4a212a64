"""The `trunkline` command."""

import sys
from typing import NoReturn

import typer

from cli.commands import LazyCommands
from cli.search_path import search_current_directory

EXIT_CODES = {
    "deploy.errors.ConfigError": 3,
    "learner.checkpoint.CheckpointError": 3,
    "replay.restoring.SnapshotError": 3,
    "deploy.errors.ClusterError": 4,
    "deploy.errors.TrainingFailedError": 5,
    "replay.client.ShardUnavailableError": 5,
    "actors.weights_follower.WeightsUnavailableError": 5,
    "tasks.errors.EnvironmentFailureError": 5,
}
"""What a user can put right, by name: importing all of these would take as long as importing torch."""
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
    search_current_directory()
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except Exception as error:
        code = _exit_code(error)
        if code is None:
            raise
        for sentence in str(error).splitlines():
            typer.echo(f"trunkline: {sentence}", err=True)
        sys.exit(code)
    sys.exit(0)


def _exit_code(error: Exception) -> int | None:
    names = (f"{kind.__module__}.{kind.__name__}" for kind in type(error).__mro__)
    return next((EXIT_CODES[name] for name in names if name in EXIT_CODES), None)
