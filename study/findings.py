"""All that a report says, worked out once from a record: summaries, comparisons, controls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from study.arm_summary import TaskSummary, summarise
from study.comparing import compare
from study.comparison import Comparison
from study.controls import ControlVerdict, same_arm_control
from study.records import ArmRecord, StudyRecord


@dataclass(frozen=True)
class Findings:
    """What a study found.

    Attributes:
        record: what was measured.
        summaries: by arm and task.
        comparisons: with the reference, by arm, of those that share two finished seeds with it or more.
        controls: the reference compared with itself, and what else was asked of the instrument.
    """

    record: StudyRecord
    summaries: Mapping[str, Mapping[str, TaskSummary]]
    comparisons: Mapping[str, Comparison]
    controls: Sequence[ControlVerdict]

    @property
    def failed(self) -> list[ControlVerdict]:
        """The controls that did not pass."""
        return [control for control in self.controls if control.passed is False]

    @property
    def passed(self) -> list[ControlVerdict]:
        """The controls that passed."""
        return [control for control in self.controls if control.passed]

    @property
    def unchecked(self) -> list[ControlVerdict]:
        """The controls for which there were too few seeds."""
        return [control for control in self.controls if control.passed is None]


def find(record: StudyRecord, controls: Sequence[ControlVerdict] = ()) -> Findings:
    """Return what a record shows; every draw is from one seed, so that a record always says the same.

    Args:
        record: what was measured.
        controls: verdicts that come from other runs, as those of twin tasks do.
    """
    return Findings(
        record=record,
        summaries={arm.name: summarise(arm, record.last) for arm in record.arms},
        comparisons={
            arm.name: compare(record, arm.name, np.random.default_rng(0))
            for arm in record.arms
            if arm.name != record.reference and _shares_two_seeds(arm, record)
        },
        controls=[same_arm_control(record, record.arms[0].name, np.random.default_rng(0)), *controls],
    )


def _shares_two_seeds(arm: ArmRecord, record: StudyRecord) -> bool:
    reference = next((one for one in record.arms if one.name == record.reference), None)
    return reference is not None and len(set(arm.seeds) & set(reference.seeds)) >= 2
