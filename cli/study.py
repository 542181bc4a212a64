"""`trunkline study` and `trunkline report`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.arguments import AddressOption, JsonOption
from cli.output import answer, answer_json, note
from study.findings import Findings
from study.launch import report_study, run_study
from study.plain_words import in_plain_words
from study.results_json import to_json
from study.running import StudyProgress
from training.errors import TrainingFailedError


def study(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="A study's YAML file.")],
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Runs of each arm. Default: the number in CONFIG.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Runs at the same time. Default: one for each CPU.")
    ] = None,
    directory: Annotated[
        Path | None,
        typer.Option("--dir", metavar="DIR", help="Directory of the study. Default: studies/<name>."),
    ] = None,
    address: AddressOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run the arms of CONFIG with many seeds, and report what sharing did. A stopped study continues."""
    where = directory or Path("studies") / config.stem
    findings, failures = run_study(config, where, seeds, workers, address, _say)
    _conclude(findings, where, as_json)
    if failures:
        advice = f"{len(failures)} runs failed; repeat the command to run them again"
        raise TrainingFailedError("\n".join([*failures, advice]))


def report(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Directory of a study.")],
    as_json: JsonOption = False,
) -> None:
    """Report on the runs of the study in DIR that are finished."""
    _conclude(report_study(directory), directory, as_json)


def _say(progress: StudyProgress) -> None:
    left = "" if progress.seconds_left is None else f", about {_duration(progress.seconds_left)} left"
    last = "" if progress.last is None else f"; {progress.last}"
    failed = "" if progress.failure is None else f" failed: {progress.failure}"
    note(f"{progress.finished} of {progress.planned} runs{left}{last}{failed}")


def _conclude(findings: Findings, directory: Path, as_json: bool) -> None:
    if as_json:
        answer_json(to_json(findings))
        return
    answer(in_plain_words(findings))
    answer(f"report: {directory / 'report.html'}")


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
