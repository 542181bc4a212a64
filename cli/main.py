"""The `trunkline` command."""

import sys
from typing import NoReturn

import typer

from actors.weights_follower import WeightsUnavailableError
from cli.bench import bench_app
from cli.cluster import scale, status
from cli.compose import compose
from cli.config import config_app
from cli.doctor import doctor
from cli.evaluate import evaluate
from cli.node import node
from cli.study import report, study
from cli.tasks import tasks_app
from cli.train import resume, train
from deploy.errors import ClusterError, ConfigError, TrainingFailedError
from learner.checkpoint import CheckpointError
from replay.client import ShardUnavailableError
from replay.restoring import SnapshotError
from tasks.errors import EnvironmentFailureError

EXIT_CONFIG = 3
EXIT_CLUSTER = 4
EXIT_TRAINING = 5
EXIT_INTERRUPTED = 130

app = typer.Typer(
    help="Train one value network on many tasks at once.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(train)
app.command()(resume)
app.command()(evaluate)
app.command()(study)
app.command()(report)
app.command()(doctor)
app.command()(node)
app.command()(status)
app.command()(scale)
app.command()(compose)
app.add_typer(bench_app, name="bench")
app.add_typer(config_app, name="config")
app.add_typer(tasks_app, name="tasks")


def main() -> NoReturn:
    """Run the command line; what a user can put right ends in one sentence and an exit code of its own."""
    try:
        app()
    except (ConfigError, CheckpointError, SnapshotError) as error:
        _fail(error, EXIT_CONFIG)
    except ClusterError as error:
        _fail(error, EXIT_CLUSTER)
    except (
        TrainingFailedError,
        ShardUnavailableError,
        WeightsUnavailableError,
        EnvironmentFailureError,
    ) as error:
        _fail(error, EXIT_TRAINING)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    sys.exit(0)


def _fail(error: Exception, code: int) -> NoReturn:
    for sentence in str(error).splitlines():
        typer.echo(f"trunkline: {sentence}", err=True)
    sys.exit(code)
