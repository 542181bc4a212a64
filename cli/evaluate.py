"""`trunkline evaluate`."""

from typing import Annotated

import typer

from cli.arguments import JsonOption, RunDir
from cli.output import answer_json, console, note
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
        note(f"passed over: {sentence}")
    if as_json:
        answer_json(result)
    else:
        print_results(console(), result["tasks"])
