"""What a study found as plain JSON values, for other programs."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from study.arm_summary import TaskSummary
from study.comparison import Estimate
from study.findings import Findings
from study.records import ArmRecord


def to_json(findings: Findings) -> dict[str, Any]:
    """Return arms, comparisons, controls and costs; what is not a finite number is None.

    An `iqm` is of all finished seeds of an arm, in discounted return; `comparisons` are of the seeds that
    an arm and the reference both finished, and have the fields of `Comparison`.
    """
    record = findings.record
    results = {
        "study": record.name,
        "tasks": record.tasks,
        "reference": record.reference,
        "seeds": record.planned_seeds,
        "missing": [{"arm": arm, "seed": seed} for arm, seed in record.missing],
        "unscored": [{"arm": arm, "seed": seed} for arm, seed in record.unscored],
        "arms": {arm.name: _arm(arm, findings.summaries[arm.name]) for arm in record.arms},
        "comparisons": [asdict(one) for one in findings.comparisons.values()],
        "controls": [asdict(control) for control in findings.controls],
        "tuning": record.tuning,
        "command": record.command,
    }
    return {name: _finite(value) for name, value in results.items()}


def _arm(arm: ArmRecord, summaries: Mapping[str, TaskSummary]) -> dict[str, Any]:
    return {
        "overrides": dict(arm.overrides),
        "tasks": {
            task: {"final": _iqm(summary.final), "auc": _iqm(summary.auc), "seeds": arm.seeds}
            for task, summary in summaries.items()
        },
        "similarity": {task: values.tolist() for task, values in arm.similarity.items()},
        "cost": {
            "parameters": arm.cost.parameters,
            "updates": arm.cost.updates,
            "seconds": float(np.median(arm.cost.seconds_S)),
            "seconds_by_seed": arm.cost.seconds_S.tolist(),
            "memory_bytes": int(arm.cost.memory_bytes_S.max()),
        },
    }


def _iqm(figure: Estimate) -> dict[str, float]:
    return {"iqm": figure.value, "low": figure.low, "high": figure.high}


def _finite(value: object) -> object:
    """Return the value as JSON has it: lists and dictionaries, and None for what is not a finite number."""
    if isinstance(value, Mapping):
        return {name: _finite(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
