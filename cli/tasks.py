"""`trunkline tasks list|check`."""

from dataclasses import asdict

import typer
from rich.table import Table

from cli.arguments import JsonOption
from cli.output import answer_json, console
from cli.task_check import check
from tasks.presets import PRESETS
from tasks.registry import KnownEnvironment, shipped_registry
from tasks.sources.table import sources
from tasks.suites import SUITES, Suite

tasks_app = typer.Typer(help="Show the known environments, or check one.", no_args_is_help=True)
tasks_app.command("check")(check)


@tasks_app.callback()
def tasks() -> None:
    """Show the known environments, or check one."""


@tasks_app.command("list")
def list_tasks(as_json: JsonOption = False) -> None:
    """List sources, suites, environments with settings of their own, and presets. Any other id works too."""
    known = shipped_registry().all()
    if as_json:
        answer_json(
            {
                "sources": sources(),
                "suites": [{**asdict(suite), "installed": suite.installed} for suite in SUITES],
                "tasks": [asdict(environment) for environment in known],
                "presets": {name: preset.about for name, preset in PRESETS.items()},
            }
        )
        return
    screen = console()
    screen.print(_of_sources())
    screen.print(_of_suites())
    screen.print(_of_environments(known))
    screen.print(_of_presets())


def _table(title: str, **no_wrap: bool) -> Table:
    """Return an empty table; names are copied from it: on a narrow terminal other words are broken."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for heading, unbroken in no_wrap.items():
        table.add_column(heading.replace("_", " "), no_wrap=unbroken)
    return table


def _of_sources() -> Table:
    table = _table("Sources", before_the_name=True, what_it_has=False)
    for prefix, about in sources().items():
        table.add_row(prefix or "nothing", about)
    return table


def _of_suites() -> Table:
    table = _table("Suites", suite=True, ids=False, about=False, installed=False)
    for suite in SUITES:
        table.add_row(suite.name, ", ".join(suite.ids), suite.about, _installed(suite))
    return table


def _installed(suite: Suite) -> str:
    return "yes" if suite.installed else f"no (extra {suite.extra})"


def _of_environments(known: list[KnownEnvironment]) -> Table:
    table = _table("Environments with settings of their own", env=True, about=False, solved_at=False)
    for environment in known:
        solved_at = "" if environment.solved_at is None else f"{environment.solved_at:g}"
        table.add_row(environment.env, environment.about, solved_at)
    return table


def _of_presets() -> Table:
    table = _table("Presets (tasks.NAME.preset)", preset=True, about=False)
    for name, preset in PRESETS.items():
        table.add_row(name, preset.about)
    return table
