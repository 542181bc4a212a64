"""What a study measured, as plain arrays: the seam between running it and saying what it means.

Shape letters: S seeds, P evaluations of a run, K readings of the probes, T tasks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ArmCost:
    """What an arm's runs took.

    Attributes:
        parameters: of the network, all tasks together.
        updates: of each run.
        seconds_S: from a run's first env step to its last.
        memory_bytes_S: the most that a run's process held.
    """

    parameters: int
    updates: int
    seconds_S: NDArray[np.float64]
    memory_bytes_S: NDArray[np.int64]


@dataclass(frozen=True)
class ArmRecord:
    """The finished runs of one arm.

    Attributes:
        name: what the study calls it.
        overrides: the fields in which it differs from the study's common configuration, as dotted names.
        seeds: of its finished runs; run s of every arm that has seed s began with the same random numbers.
        env_steps_P: env steps of a task at each evaluation, a mean over seeds and tasks.
        returns: by task, mean discounted greedy return: (S, P).
        undiscounted: by task, mean undiscounted greedy return: (S, P).
        cost: what the runs took.
        probes: readings by name, of which an arm may have none: `gradient_cosine`, `magnitude_similarity` and
            `feature_cka` (S, K, T, T), `gradient_share` and `lesion_share` (S, K, T),
            `conflict_share`, `dormant_share` and `effective_rank` (S, K). What an arm does not define is nan.
        similarity: by task, CKA of its features with the reference's, over pairs of runs; may be empty.
    """

    name: str
    overrides: Mapping[str, object]
    seeds: list[int]
    env_steps_P: NDArray[np.int64]
    returns: Mapping[str, NDArray[np.float64]]
    undiscounted: Mapping[str, NDArray[np.float64]]
    cost: ArmCost
    probes: Mapping[str, NDArray[np.float64]]
    similarity: Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class StudyRecord:
    """All arms of a study.

    Attributes:
        name: of the study.
        tasks: names, in the order of the network.
        reference: name of the arm that the others are compared with.
        arms: with at least one finished run, the reference first.
        last: evaluations at the end of a run whose mean is its final score.
        thresholds: by task, the discounted return of which steps-to-threshold speaks; tasks may be absent.
        planned_seeds: seeds that every arm was to have.
        missing: arm and seed of each run that is not finished.
        tuning: how the common settings were found, and that every arm had the same budget.
        command: what runs the study again.
        unscored: arm and seed of each finished run that is not in `arms`, since a score of it is no number.
    """

    name: str
    tasks: list[str]
    reference: str
    arms: list[ArmRecord]
    last: int
    thresholds: Mapping[str, float]
    planned_seeds: list[int]
    missing: list[tuple[str, int]]
    tuning: str
    command: str
    unscored: list[tuple[str, int]] = field(default_factory=list)
