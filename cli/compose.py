"""`trunkline compose`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.output import answer
from config.loading import load_config
from config.resolution import resolve
from deploy.compose import compose_file


def compose(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="A run's YAML file, by a relative path.")],
    slots: Annotated[int, typer.Option(min=1, help="Actors that one container of a task has room for.")] = 2,
) -> None:
    """Print a Docker Compose file for the run of CONFIG, to be kept where CONFIG's path starts."""
    if config.is_absolute():
        raise typer.BadParameter(
            f"CONFIG: {str(config)!r} is not allowed: it should be a path relative to the compose file"
        )
    answer(compose_file(resolve(load_config(config, [])), config, slots), end="")
