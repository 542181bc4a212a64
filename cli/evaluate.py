"""`trunkline evaluate`."""

import json
from typing import Annotated

import typer
from rich.console import Console

from cli.arguments import JsonOption, RunDir
from cli.results import print_results
from deploy.offline_evaluation import evaluate_run
from deploy.run_directory import RunDirectory


def evaluate(
    run_dir: RunDir,
    episodes: Annotated[int, typer.Option(min=1, help="Fresh episodes of each task.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """Play fresh greedy episodes with the weights of RUN_DIR's newest checkpoint that verifies."""
    result = evaluate_run(RunDirectory.open(run_dir), episodes)
    for sentence in result["passed_over"]:
        typer.echo(f"passed over: {sentence}", err=True)
    if as_json:
        typer.echo(json.dumps(result))
    else:
        print_results(Console(), result["tasks"])
