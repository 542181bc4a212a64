"""A study from its file to its report."""

from collections.abc import Sequence
from pathlib import Path

from study.findings import Findings
from study.loading import load_study_record
from study.plan import Plan, create_plan, open_plan
from study.report import write_report
from study.running import Observer, run_missing
from study.verdicts import control_verdicts
from training.directory.owner import owned
from training.errors import TrainingFailedError
from training.shell import as_operand, command_line


def run_study(
    config: Path,
    directory: Path,
    seeds: int | None,
    workers: int | None,
    address: str | None,
    observe: Observer,
) -> tuple[Findings, list[str]]:
    """Run what the study in a directory lacks and report on it.

    Returns:
        What the report says, and a sentence for each run that failed.

    Raises:
        ConfigError: the study is wrong, another process runs one in this directory, or nothing of its
            reference is there in the end.
        ClusterError: the cluster does not answer or refuses.
        TrainingFailedError: every run of the study failed.
    """
    with owned(directory, "study directory"):
        plans = create_plan(config, directory, seeds)
        failures = run_missing(plans, workers, address, observe)
    if failures and not any(run.directory.exists() for run in plans[-1].runs()):
        raise TrainingFailedError("\n".join(failures))
    return _report(plans, command_line(["trunkline", "study", as_operand(config)])), failures


def report_study(directory: Path) -> Findings:
    """Report on the study in a directory as far as it has come.

    Raises:
        ConfigError: there is none, or nothing of its reference.
    """
    return _report(open_plan(directory), command_line(["trunkline", "report", as_operand(directory)]))


def _report(plans: Sequence[Plan], command: str) -> Findings:
    *controls, plan = plans
    verdicts = [verdict for control in controls for verdict in control_verdicts(control)]
    return write_report(load_study_record(plan, command), plan.directory, verdicts)
