"""Arguments that several commands take."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from config.schema import RunConfig


class Runtime(StrEnum):
    """Where a run lives."""

    RAY = "ray"
    LOCAL = "local"


ConfigAndOverrides = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[CONFIG] [key=value]...",
        help="A YAML file (default: the shipped pair of tasks), then fields to override.",
        show_default=False,
    ),
]
RunDir = Annotated[Path, typer.Argument(metavar="RUN_DIR", help="Directory of an earlier run.")]
RuntimeOption = Annotated[
    Runtime, typer.Option(help="ray: many processes over Ray. local: one process, repeatable bit for bit.")
]
AddressOption = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT", help="A Ray cluster that already runs. Without it the command starts one here."
    ),
]
NoDefaultsOption = Annotated[
    bool,
    typer.Option("--no-defaults", help="Without CONFIG, start with no tasks instead of the shipped pair."),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on standard output, and nothing else.")
]


def refuse_local_address(runtime: Runtime, address: str | None) -> None:
    """Raise typer.BadParameter if an address is given for a runtime that joins no cluster."""
    if runtime is Runtime.LOCAL and address is not None:
        raise typer.BadParameter(
            f"--address {address} is for --runtime ray; the local runtime joins no cluster"
        )


def split_arguments(arguments: list[str] | None) -> tuple[Path | None, list[str]]:
    """Tell the configuration file from the overrides after it.

    A file's path may hold `=`, as `lr=0.1/run.yaml` does: see `_is_override`.

    Raises:
        typer.BadParameter: there are two files.
    """
    given = arguments or []
    files = [argument for argument in given if not _is_override(argument)]
    if len(files) > 1:
        raise typer.BadParameter(f"{files[1]!r} is a second CONFIG; overrides have the form key=value")
    return (Path(files[0]) if files else None), [argument for argument in given if _is_override(argument)]


def _is_override(argument: str) -> bool:
    """Return whether it is `key=value`, and not a file.

    What begins with a field's name is an override, unless there is such a YAML file. All else is a file if it
    is there, or looks like one: nothing else begins so.
    """
    key, separator, _ = argument.partition("=")
    is_yaml, is_there = argument.endswith((".yaml", ".yml")), os.path.isfile(argument)
    if key.partition(".")[0] in RunConfig.model_fields:
        return bool(separator) and not (is_yaml and is_there)
    return bool(separator) and not (is_yaml or is_there or "/" in key)
