"""The verdicts of a study's controls, from the runs of the control studies."""

from collections.abc import Iterator

import numpy as np

from config.errors import ConfigError
from study.comparing import compare
from study.controls import ControlVerdict, conflict_control, twins_control
from study.loading import load_study_record
from study.plan import Plan


def control_verdicts(control: Plan) -> Iterator[ControlVerdict]:
    """Yield the verdict of each arm of a control study against its reference.

    A control without the runs that it takes is not checked.
    """
    kind, tasks = control.study.control, control.study.tasks
    assert kind is not None, "a plan refuses such a control"
    for arm in control.study.arms:
        if arm != control.study.reference:
            try:
                yield _verdict(control, arm, (tasks[0], tasks[1]))
            except (ConfigError, ValueError) as error:
                yield ControlVerdict(kind, None, {}, f"{kind} could not be checked: {error}.")


def _verdict(control: Plan, arm: str, tasks: tuple[str, str]) -> ControlVerdict:
    record = load_study_record(control, command="")
    comparison = compare(record, arm, np.random.default_rng(0))
    if control.study.control == "twins":
        return twins_control(comparison, tasks)
    return conflict_control(record, comparison, tasks, np.random.default_rng(1))
