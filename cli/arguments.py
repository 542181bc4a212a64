"""Arguments that several commands take."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Runtime(StrEnum):
    """Where a run lives."""

    RAY = "ray"
    LOCAL = "local"


ConfigAndOverrides = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[CONFIG] [key=value]...",
        help="A YAML file (the shipped pair if absent), then fields to override.",
        show_default=False,
    ),
]
RunDir = Annotated[Path, typer.Argument(metavar="RUN_DIR", help="Directory of an earlier run.")]
RuntimeOption = Annotated[
    Runtime, typer.Option(help="ray: processes of their own; local: one process, repeatable.")
]
AddressOption = Annotated[
    str | None,
    typer.Option(metavar="HOST:PORT", help="A running Ray cluster; without it one is started here."),
]
NoDefaultsOption = Annotated[
    bool,
    typer.Option("--no-defaults", help="Without CONFIG, begin with no tasks instead of the shipped pair."),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object and nothing else on standard output.")
]


def refuse_local_address(runtime: Runtime, address: str | None) -> None:
    """Raise typer.BadParameter if an address is given for a runtime that joins no cluster."""
    if runtime is Runtime.LOCAL and address is not None:
        raise typer.BadParameter(
            f"--address {address} is for --runtime ray; the local runtime joins no cluster"
        )


def split_arguments(arguments: list[str] | None) -> tuple[Path | None, list[str]]:
    """Tell the configuration file from the overrides behind it.

    Raises:
        typer.BadParameter: there are two files.
    """
    given = arguments or []
    files = [argument for argument in given if "=" not in argument]
    if len(files) > 1:
        raise typer.BadParameter(f"{files[1]!r} is a second CONFIG; overrides have the form key=value")
    return (Path(files[0]) if files else None), [argument for argument in given if "=" in argument]
