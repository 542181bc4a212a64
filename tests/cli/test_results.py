"""The table that ends a command."""

import io
from typing import Any

from rich.console import Console

from cli.results import in_words, print_results

BEST = {"learner_step": 9800, "means": {"cartpole": 168.0, "mix": -3.25}}


def result(mean: float | None) -> dict[str, Any]:
    return {
        "greedy_return_mean": mean,
        "greedy_return_std": mean,
        "episodes": 10,
        "solved_at": 475.0,
        "solved": False,
    }


def printed(best: dict[str, Any] | None) -> list[list[str]]:
    """Return the cells of the table, row by row."""
    page = io.StringIO()
    console = Console(file=page, width=200)
    print_results(console, {"cartpole": result(-16.0), "new": result(None)}, best)
    lines = page.getvalue().splitlines()
    return [
        [cell.strip() for cell in line[1:-1].replace("┃", "│").split("│")]
        for line in lines
        if line[0] in "│┃"
    ]


def test_the_best_mean_stands_beside_the_last():
    """A task that the best weights were not evaluated on has none."""
    assert printed(BEST) == [
        ["task", "mean", "std", "episodes", "best mean", "solved at", "solved"],
        ["cartpole", "-16.00", "-16.00", "10", "168.00", "475.00", "no"],
        ["new", "none", "none", "10", "none", "475.00", "no"],
    ]
    assert in_words(BEST) == "of learner step 9,800 (cartpole 168.00, mix -3.25)"


def test_where_no_best_weights_are_kept_there_is_no_column_of_theirs():
    """As of weights that were evaluated by themselves."""
    assert printed(None)[0] == ["task", "mean", "std", "episodes", "solved at", "solved"]
