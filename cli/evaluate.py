"""`trunkline evaluate`."""

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from cli.arguments import JsonOption, RunDir
from cli.results import in_words, print_results
from deploy.json_text import json_text
from deploy.offline_evaluation import evaluate_run
from deploy.run_directory import RunDirectory


def evaluate(
    run_dir: RunDir,
    episodes: Annotated[int, typer.Option(min=1, help="Fresh episodes of each task.")] = 100,
    best: Annotated[
        bool, typer.Option("--best/--last", help="Those that did best while training, or the newest.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Play fresh greedy episodes with the weights of RUN_DIR's newest checkpoint that verifies."""
    result = evaluate_run(RunDirectory.open(run_dir), episodes, best)
    for sentence in result["passed_over"]:
        typer.echo(f"passed over: {sentence}", err=True)
    if as_json:
        typer.echo(json_text(result))
    else:
        print_results(Console(), result["tasks"])
        typer.echo(_which(result, run_dir))


def _which(result: dict[str, Any], run_dir: Path) -> str:
    """Say which weights these were, and what the best ones had reached if they are others."""
    these = f"these are the {result['weights']} weights, of learner step {result['learner_steps']:,}"
    if result["best"] is None:
        return these
    command = shlex.join(["trunkline", "evaluate", "--best", str(run_dir)])
    return f"{these}; the best were {in_words(result['best'])}: {command}"
