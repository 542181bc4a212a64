"""`trunkline doctor`."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from cli.arguments import ConfigAndOverrides, JsonOption, split_arguments
from cli.output import answer_json, console
from cluster.dashboard import DASHBOARD_PORT
from config.loading import load_config
from deploy.doctor.examination import Patient, examine
from deploy.doctor.finding import Finding

EXIT_PROBLEM = 4
STYLES = {"ok": "green", "warning": "yellow", "problem": "bold red"}


def doctor(
    arguments: ConfigAndOverrides = None,
    address: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Cluster to check. Default: this machine alone."),
    ] = None,
    dashboard_port: Annotated[
        int, typer.Option(metavar="PORT", min=1, max=65535, help="Port of the cluster's dashboard.")
    ] = DASHBOARD_PORT,
    head: Annotated[
        bool, typer.Option("--head", help="Also check the ports of a head node on this machine.")
    ] = False,
    run_dir: Annotated[
        Path, typer.Option(metavar="DIR", help="Directory where the run would be kept.")
    ] = Path("runs"),
    as_json: JsonOption = False,
) -> None:
    """Find what would keep a run of CONFIG from working here or on a cluster, and say how to fix it."""
    path, overrides = split_arguments(arguments)
    config = load_config(path, overrides)
    findings = examine(Patient(config, run_dir, address, dashboard_port, head))
    problems = sum(finding.verdict == "problem" for finding in findings)
    if as_json:
        report = {"healthy": problems == 0, "findings": [asdict(finding) for finding in findings]}
        answer_json(report)
    else:
        _print(findings, problems)
    if problems:
        raise typer.Exit(EXIT_PROBLEM)


def _print(findings: Sequence[Finding], problems: int) -> None:
    screen = console()
    for finding in findings:
        line = Text(f"{finding.verdict:<8}", style=STYLES[finding.verdict])
        line.append(f" {finding.name}: {finding.what}", style="default not bold")
        screen.print(line, soft_wrap=True)
        if finding.todo:
            screen.print(Text(f"{'':<8}   {finding.todo}", style="default"), soft_wrap=True)
    warnings = sum(finding.verdict == "warning" for finding in findings)
    screen.print(f"problems: {problems}, warnings: {warnings}", highlight=False)
