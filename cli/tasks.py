"""`trunkline tasks list`."""

from dataclasses import asdict

import typer
from rich.table import Table

from cli.arguments import JsonOption
from cli.output import answer_json, console
from tasks.registry import shipped_registry

tasks_app = typer.Typer(help="Show the known environments.", no_args_is_help=True)


@tasks_app.callback()
def tasks() -> None:
    """Show the known environments."""


@tasks_app.command("list")
def list_tasks(as_json: JsonOption = False) -> None:
    """List the environments with default settings of their own. Any other Gymnasium id works too."""
    known = shipped_registry().all()
    if as_json:
        answer_json({"tasks": [asdict(environment) for environment in known]})
        return
    table = Table()
    for heading in ("name", "env", "about", "solved at", "discount"):
        # Names are copied from here: on a narrow terminal the words about them are what is broken.
        table.add_column(heading, no_wrap=heading in ("name", "env"))
    for environment in known:
        solved_at = "none" if environment.solved_at is None else f"{environment.solved_at:g}"
        table.add_row(
            environment.name, environment.env, environment.about, solved_at, f"{environment.discount:g}"
        )
    console().print(table)
