"""Runs what a study lacks, side by side, and says how long it will take."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from deploy.jobs import Job, run_jobs
from study.plan import Plan, PlannedRun


@dataclass(frozen=True)
class StudyProgress:
    """How far a study has come.

    Attributes:
        finished: runs that are there.
        planned: runs that there are to be, those of the controls included.
        seconds_left: an estimate from the env steps made so far; None before the first run's end.
        last: the run that ended last, as `study/arm/seed`; None before the first.
        failure: why that run failed; None if it did not.
    """

    finished: int
    planned: int
    seconds_left: float | None
    last: str | None
    failure: str | None


Observer = Callable[[StudyProgress], None]


def run_missing(
    plans: Sequence[Plan], workers: int | None, address: str | None, observe: Observer
) -> list[str]:
    """Make all runs that are missing; return a sentence for each that failed.

    A failed run leaves nothing behind and is made again the next time.

    Args:
        plans: the study and its controls.
        workers: runs at a time; None for as many as there are CPUs.
        address: of a Ray cluster; None for this machine.
        observe: told at the start and after each run.

    Raises:
        ClusterError: the cluster does not answer or refuses.
    """
    missing = {_name(plan, run): (plan, run) for plan in plans for run in plan.missing()}
    planned = sum(1 for plan in plans for _ in plan.runs())
    observe(StudyProgress(planned - len(missing), planned, None, None, None))
    jobs = [
        Job(name, plan.study.arm_config(run.arm, run.seed).model_dump())
        for name, (plan, run) in missing.items()
    ]
    failures: list[str] = []
    started = time.monotonic()
    steps_left = {job.name: float(job.config["stop_env_steps"]) for job in jobs}
    steps = sum(steps_left.values())
    for count, finished in enumerate(run_jobs(jobs, workers, address) if jobs else (), start=1):
        plan, run = missing[finished.name]
        del steps_left[finished.name]
        to_go = sum(steps_left.values())
        failure = finished.failure or _keep(plan, run, finished.files)
        if failure is not None:
            failures.append(f"{finished.name}: {failure}")
        seconds_left = (time.monotonic() - started) * to_go / (steps - to_go)
        done = planned - len(jobs) + count - len(failures)
        observe(StudyProgress(done, planned, seconds_left, finished.name, failure))
    return failures


def _keep(plan: Plan, run: PlannedRun, files: Mapping[str, bytes]) -> str | None:
    """Write a finished run's files; return why that was not possible, or None if it was."""
    try:
        plan.keep(run, files)
    except OSError as error:
        return f"it cannot be written: {error.filename or run.directory}: {error.strerror or error}"
    return None


def _name(plan: Plan, run: PlannedRun) -> str:
    return f"{plan.study.name}/{run.arm}/seed-{run.seed}"
