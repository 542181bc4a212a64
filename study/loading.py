"""From the directories of finished runs to the record of a study.

Shape letters: S seeds, P evaluations of a run, K readings of the probes, T tasks.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from config.errors import ConfigError
from deploy.jobs import COST
from study.plan import Plan, PlannedRun
from study.records import ArmCost, ArmRecord, StudyRecord
from study.scored import scored
from study.similarity import features_beside_reference
from training.directory.run_directory import EVALUATIONS, PROBES, SUMMARY

Lines = list[dict[str, Any]]

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
    """Read all finished runs of a study; those with a score that is no number are named and left out.

    Raises:
        ConfigError: no run of the reference is left, or runs do not go together.
    """
    study = plan.study
    missing = [(run.arm, run.seed) for run in plan.missing()]
    finished: dict[str, list[PlannedRun]] = {arm: [] for arm in _reference_first(plan)}
    for run in plan.runs():
        if (run.arm, run.seed) not in missing:
            finished[run.arm].append(run)
    evaluations = _aligned(
        {run: _lines(run.directory / EVALUATIONS) for runs in finished.values() for run in runs}
    )
    reference = finished[study.reference]
    arms = [_arm(plan, arm, runs, reference, evaluations) for arm, runs in finished.items() if runs]
    if not arms or arms[0].name != study.reference:
        raise ConfigError(
            f"DIR: {str(plan.directory)!r} has no finished run of the reference, {study.reference!r}: "
            "there is nothing to compare with"
        )
    _refuse_other_steps(arms, _slack(plan))
    record = StudyRecord(
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
    compared = scored(record)
    if not compared.arms or compared.arms[0].name != study.reference:
        raise ConfigError(
            f"DIR: {str(plan.directory)!r} has no run of the reference, {study.reference!r}, of which every "
            "score is a number: there is nothing to compare with"
        )
    return compared


def _arm(
    plan: Plan,
    name: str,
    runs: Sequence[PlannedRun],
    reference: Sequence[PlannedRun],
    evaluations: Mapping[PlannedRun, Lines],
) -> ArmRecord:
    tasks = plan.study.tasks
    summaries = [json.loads((run.directory / SUMMARY).read_text(encoding="utf-8")) for run in runs]
    costs = [json.loads((run.directory / COST).read_text(encoding="utf-8")) for run in runs]

    def curve(field: str, task: str) -> NDArray[np.float64]:
        values_SP = [[line["tasks"][task][field] for line in evaluations[run]] for run in runs]
        return np.array(values_SP, np.float64)  # JSON has null for what is no number

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


def _aligned(evaluations: Mapping[PlannedRun, Lines]) -> dict[PlannedRun, Lines]:
    """Return as many evaluations of every run, at the same updates but for the last.

    A run ends with an evaluation when its env steps are used up, some updates sooner or later than others:
    one may have had an evaluation more by then, which is left out.

    Raises:
        ConfigError: a run was evaluated at other updates, or never.
    """
    distinct = {
        run: list({line["learner_step"]: line for line in lines}.values())
        for run, lines in evaluations.items()
    }
    count = min(map(len, distinct.values()), default=0)
    for run, lines in distinct.items():
        if not lines:
            raise ConfigError(f"{run.directory}: this run has no evaluation in its {EVALUATIONS}: remove it")
    aligned = {run: [*lines[: count - 1], lines[-1]] for run, lines in distinct.items()}
    steps = {run: [line["learner_step"] for line in lines[:-1]] for run, lines in aligned.items()}
    expected = next(iter(steps.values()), [])
    for run, found in steps.items():
        if found != expected or len(distinct[run]) > count + 1:
            raise ConfigError(
                f"{run.directory}: this run was evaluated after other numbers of updates than the first: "
                "the two cannot be compared"
            )
    return aligned


def _slack(plan: Plan) -> int:
    """Return by how many env steps of a task arms may differ: what two blocks of experience hold.

    The rows after an episode's end are no env steps, and how many of them a block has depends on how the arm
    plays.
    """
    config = plan.study.arm_config(plan.study.reference, seed=plan.study.first_seed)
    return 2 * config.actors.fragment_length * max(task.envs_per_actor for task in config.tasks.values())


def _refuse_other_steps(arms: Sequence[ArmRecord], slack: int) -> None:
    """Raise if an arm was evaluated after other numbers of env steps than the first."""
    first = arms[0]
    for arm in arms[1:]:
        most = int(np.abs(arm.env_steps_P - first.env_steps_P).max())
        if most > slack:
            raise ConfigError(
                f"arms.{arm.name}: it was evaluated {most} env steps away from {first.name}, "
                f"allowed are {slack}: the two cannot be compared"
            )


def _reference_first(plan: Plan) -> list[str]:
    return sorted(plan.study.arms, key=lambda arm: arm != plan.study.reference)


def _lines(path: Path) -> Lines:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
