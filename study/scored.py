"""Runs with a score that is not a number: they are taken out of a record, and named.

A mean over seeds, a difference or a comparison with one such score in it would say something of nothing.

Shape letters: S seeds, P evaluations of a run.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from study.records import ArmRecord, StudyRecord


def scored(record: StudyRecord) -> StudyRecord:
    """Return the record of those runs whose scores are all finite; the others stand in `unscored`.

    An arm of which no run is left is gone.
    """
    unscored = [(arm.name, seed) for arm in record.arms for seed in unscored_seeds(arm)]
    if not unscored:
        return record
    arms = [_only(arm, _finite_S(arm)) for arm in record.arms]
    return replace(
        record, arms=[arm for arm in arms if arm.seeds], unscored=sorted({*record.unscored, *unscored})
    )


def unscored_seeds(arm: ArmRecord) -> list[int]:
    """Return the seeds of the arm's runs that have a score which is not finite, on any task."""
    return [seed for seed, finite in zip(arm.seeds, _finite_S(arm), strict=True) if not finite]


def _finite_S(arm: ArmRecord) -> NDArray[np.bool_]:
    return np.asarray(np.all([np.isfinite(returns_SP).all(1) for returns_SP in arm.returns.values()], axis=0))


def _only(arm: ArmRecord, kept_S: NDArray[np.bool_]) -> ArmRecord:
    """Return what an arm has of some of its runs; the similarity stays that of all pairs."""

    def rows(arrays: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
        return {name: values[kept_S] for name, values in arrays.items()}

    cost = replace(
        arm.cost, seconds_S=arm.cost.seconds_S[kept_S], memory_bytes_S=arm.cost.memory_bytes_S[kept_S]
    )
    return replace(
        arm,
        seeds=[seed for seed, kept in zip(arm.seeds, kept_S, strict=True) if kept],
        returns=rows(arm.returns),
        undiscounted=rows(arm.undiscounted),
        cost=cost,
        probes=rows(arm.probes),
    )
