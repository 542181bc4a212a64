"""The table of results that ends a command."""

from typing import Any

from rich.console import Console
from rich.table import Table


def print_results(console: Console, tasks: dict[str, dict[str, Any]]) -> None:
    """Print greedy returns by task: as `summary.json` has them."""
    table = Table(title="greedy returns")
    for heading in ("task", "mean", "std", "episodes", "solved at", "solved"):
        table.add_column(heading, justify="left" if heading == "task" else "right")
    for name, result in tasks.items():
        table.add_row(
            name,
            _number(result["greedy_return_mean"]),
            _number(result["greedy_return_std"]),
            str(result["episodes"]),
            _number(result["solved_at"]),
            {True: "yes", False: "no", None: "no bound"}[result["solved"]],
        )
    console.print(table)


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}"
