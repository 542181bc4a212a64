"""The table of results that ends a command."""

from typing import Any

from rich.console import Console
from rich.table import Table


def print_results(
    console: Console, tasks: dict[str, dict[str, Any]], best: dict[str, Any] | None = None
) -> None:
    """Print greedy returns by task: as `summary.json` has them, those of the best weights beside them."""
    table = Table(title="greedy returns")
    headings = ["task", "mean", "std", "episodes", *(["best mean"] if best else []), "solved at", "solved"]
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "task" else "right")
    for name, result in tasks.items():
        table.add_row(
            name,
            _number(result["greedy_return_mean"]),
            _number(result["greedy_return_std"]),
            str(result["episodes"]),
            *([_number(best["means"].get(name))] if best else []),
            _number(result["solved_at"]),
            {True: "yes", False: "no", None: "no bound"}[result["solved"]],
        )
    console.print(table)


def in_words(best: dict[str, Any]) -> str:
    """Say of which learner step the best weights are, and what they had reached."""
    means = ", ".join(f"{task} {_number(mean)}" for task, mean in best["means"].items())
    return f"of learner step {best['learner_step']:,} ({means})"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}"
