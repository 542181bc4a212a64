"""`trunkline tasks list`."""

from dataclasses import asdict

import typer
from rich.box import SIMPLE_HEAD
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
    table = Table(box=SIMPLE_HEAD)
    table.add_column("name", no_wrap=True)
    # Names are copied from here: on a narrow terminal only the words about them are broken into lines.
    table.add_column("env, and what to do there", min_width=max(len(each.env) for each in known))
    table.add_column("solved at")
    table.add_column("discount")
    for each in known:
        solved_at = "none" if each.solved_at is None else f"{each.solved_at:g}"
        table.add_row(each.name, f"{each.env}\n{each.about}", solved_at, f"{each.discount:g}")
    console().print(table)
