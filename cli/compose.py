"""`trunkline compose`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.output import answer
from config.loading import load_config
from config.resolution import resolve
from deploy.compose import compose_file


def compose(
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG", help="YAML file of the run, as a relative path.")
    ],
    slots: Annotated[int, typer.Option(min=1, help="Number of actors in one container of a task.")] = 2,
) -> None:
    """Print a Docker Compose file for the run of CONFIG. CONFIG's path is relative to that file."""
    if config.is_absolute():
        raise typer.BadParameter(
            f"CONFIG: {str(config)!r} is not allowed: it should be a path relative to the compose file"
        )
    answer(compose_file(resolve(load_config(config, [])), config, slots), end="")
