"""`trunkline evaluate`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.arguments import JsonOption, RunDir
from cli.output import answer, answer_json, console, note
from cli.results import in_words, print_results
from training.directory.run_directory import RunDirectory
from training.evaluation.offline import evaluate_run
from training.shell import as_operand, command_line, program


def evaluate(
    run_dir: RunDir,
    episodes: Annotated[int, typer.Option(min=1, help="Number of fresh episodes of each task.")] = 100,
    best: Annotated[
        bool, typer.Option("--best/--last", help="Weights of the best evaluation, or the newest.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Play fresh greedy episodes with the weights of the newest valid checkpoint in RUN_DIR."""
    result = evaluate_run(RunDirectory.open(run_dir), episodes, best)
    for sentence in result["passed_over"]:
        note(f"passed over: {sentence}")
    if as_json:
        answer_json(result)
    else:
        print_results(console(), result["tasks"])
        answer(_which(result, run_dir))


def _which(result: dict[str, Any], run_dir: Path) -> str:
    """Say which weights these were, and what the best ones had reached if they are others."""
    these = f"these are the {result['weights']} weights, of learner step {result['learner_steps']:,}"
    if result["best"] is None:
        return these
    command = command_line([program("trunkline"), "evaluate", "--best", as_operand(run_dir)])
    return f"{these}; the best were {in_words(result['best'])}: {command}"
