"""From the directories of finished runs to the record of a study.

Shape letters: S seeds, P evaluations of a run, K readings of the probes, T tasks.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deploy.errors import ConfigError
from deploy.jobs import COST
from deploy.probing import PROBES
from deploy.run_directory import EVALUATIONS, SUMMARY
from study.plan import Plan, PlannedRun
from study.records import ArmCost, ArmRecord, StudyRecord
from study.similarity import features_beside_reference

Lines = list[dict[str, Any]]

SLACK = 0.01
"""Of all env steps or updates, by how much arms may differ."""

_PROBES = (
    "gradient_cosine",
    "magnitude_similarity",
    "feature_cka",
    "gradient_share",
    "conflict_share",
    "dormant_share",
    "effective_rank",
    "lesion_share",
)


def load_study_record(plan: Plan, command: str) -> StudyRecord:
    """Read all finished runs of a study.

    Raises:
        ConfigError: no arm has a finished run, or runs do not go together.
    """
    study = plan.study
    missing = [(run.arm, run.seed) for run in plan.missing()]
    finished: dict[str, list[PlannedRun]] = {arm: [] for arm in _reference_first(plan)}
    for run in plan.runs():
        if (run.arm, run.seed) not in missing:
            finished[run.arm].append(run)
    reference = finished[study.reference]
    arms = [_arm(plan, arm, runs, reference) for arm, runs in finished.items() if runs]
    if not arms or arms[0].name != study.reference:
        raise ConfigError(
            f"DIR: {str(plan.directory)!r} has no finished run of the reference, {study.reference!r}: "
            "there is nothing to compare with"
        )
    _refuse_other_steps(arms)
    return StudyRecord(
        name=study.name,
        tasks=study.tasks,
        reference=study.reference,
        arms=arms,
        last=study.last,
        thresholds=study.thresholds,
        planned_seeds=study.all_seeds,
        missing=missing,
        tuning=study.tuning,
        command=command,
    )


def _arm(plan: Plan, name: str, runs: Sequence[PlannedRun], reference: Sequence[PlannedRun]) -> ArmRecord:
    tasks = plan.study.tasks
    evaluations = [_distinct(_lines(run.directory / EVALUATIONS)) for run in runs]
    summaries = [json.loads((run.directory / SUMMARY).read_text()) for run in runs]
    costs = [json.loads((run.directory / COST).read_text()) for run in runs]

    def curve(field: str, task: str) -> NDArray[np.float64]:
        return np.array([[line["tasks"][task][field] for line in lines] for lines in evaluations])

    if len({len(lines) for lines in evaluations}) > 1:
        raise ConfigError(f"arms.{name}: its runs have different numbers of evaluations")
    return ArmRecord(
        name=name,
        overrides=plan.study.arms[name],
        seeds=[run.seed for run in runs],
        env_steps_P=np.mean([curve("env_steps", task).mean(0) for task in tasks], axis=0).astype(np.int64),
        returns={task: curve("discounted", task) for task in tasks},
        undiscounted={task: curve("undiscounted", task) for task in tasks},
        cost=ArmCost(
            parameters=costs[0]["parameters"],
            updates=round(np.median([summary["learner_steps"] for summary in summaries])),
            seconds_S=np.array([summary["train_seconds"] for summary in summaries]),
            memory_bytes_S=np.array([cost["memory_bytes"] for cost in costs]),
        ),
        probes=_probes([_lines(run.directory / PROBES) for run in runs]),
        similarity=features_beside_reference(_by_seed(runs), _by_seed(reference), tasks),
    )


def _probes(readings: Sequence[Lines]) -> dict[str, NDArray[np.float64]]:
    """Return the readings that all runs have, by name; None in them is not a number."""
    count = min(map(len, readings))
    if count == 0:
        return {}
    arrays = {
        name: np.array([[line[name] for line in lines[:count]] for lines in readings], np.float64)
        for name in _PROBES
    }
    return {name: values for name, values in arrays.items() if not np.isnan(values).all()}


def _by_seed(runs: Sequence[PlannedRun]) -> dict[int, Path]:
    return {run.seed: run.directory for run in runs}


def _refuse_other_steps(arms: Sequence[ArmRecord]) -> None:
    """Raise if an arm was evaluated after other numbers of env steps or updates than the first.

    They may differ by what one block of experience holds: the rows behind an episode's end are no env steps,
    and how many of them a block has depends on how the arm plays.
    """
    first = arms[0]
    budget = float(first.env_steps_P[-1])
    for arm in arms[1:]:
        if arm.env_steps_P.shape != first.env_steps_P.shape:
            what = "number of evaluations differs"
        elif np.abs(arm.env_steps_P - first.env_steps_P).max() > SLACK * budget:
            what = "env steps differ"
        elif abs(arm.cost.updates - first.cost.updates) > SLACK * first.cost.updates:
            what = "updates differ"
        else:
            continue
        raise ConfigError(
            f"arms.{arm.name}: its {what} from {first.name}'s by more than {SLACK:.0%}: "
            "the two cannot be compared"
        )


def _reference_first(plan: Plan) -> list[str]:
    return sorted(plan.study.arms, key=lambda arm: arm != plan.study.reference)


def _lines(path: Path) -> Lines:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def _distinct(lines: Lines) -> Lines:
    """Return one evaluation a learner step, the last of each: the final one may repeat one that was due."""
    return list({line["learner_step"]: line for line in lines}.values())
