"""The table of results that ends a command."""

from typing import Any

from rich.console import Console
from rich.table import Table

from cli.numbers import fixed


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
            fixed(result["greedy_return_mean"], 2, "none"),
            fixed(result["greedy_return_std"], 2, "none"),
            str(result["episodes"]),
            *([fixed(best["means"].get(name), 2, "none")] if best else []),
            fixed(result["solved_at"], 2, "none"),
            {True: "yes", False: "no", None: "no bound"}[result["solved"]],
        )
    console.print(table)


def in_words(best: dict[str, Any]) -> str:
    """Say of which learner step the best weights are, and what they had reached."""
    means = ", ".join(f"{task} {fixed(mean, 2, 'none')}" for task, mean in best["means"].items())
    return f"of learner step {best['learner_step']:,} ({means})"
