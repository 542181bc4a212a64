"""What the finished runs of one arm came to, by itself: scores and curves, each with its interval.

Shape letters: S seeds, P evaluations, R resamples.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from study.comparison import Estimate
from study.records import ArmRecord
from study.statistics import INTERVAL, areas, final_scores, interquartile_mean

RESAMPLES = 2_000
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Band:
    """A curve of discounted return and its pointwise 95 % bootstrap interval, which is nan of one seed."""

    iqm_P: Array
    low_P: Array
    high_P: Array

    def at(self, point: int) -> Estimate:
        """Return one point of the curve."""
        return Estimate(float(self.iqm_P[point]), float(self.low_P[point]), float(self.high_P[point]))


@dataclass(frozen=True)
class TaskSummary:
    """One task of one arm: interquartile means over its seeds."""

    final: Estimate
    auc: Estimate
    curve: Band


def summarise(arm: ArmRecord, last: int) -> Mapping[str, TaskSummary]:
    """Return every task's summary, with the final score over the `last` evaluations."""
    return {task: _of_task(returns_SP, last) for task, returns_SP in arm.returns.items()}


def iqm_band(values_SP: Array, rng: np.random.Generator) -> Band:
    """Return the interquartile mean over seeds at each point, and its interval; runs are resampled whole."""
    seeds = len(values_SP)
    iqm_P = interquartile_mean(values_SP, axis=0)
    if seeds == 1:
        return Band(iqm_P, np.full_like(iqm_P, np.nan), np.full_like(iqm_P, np.nan))
    index_RS = rng.integers(seeds, size=(RESAMPLES, seeds))
    resampled_RP = np.stack(
        [interquartile_mean(values_SP[index_RS, point]) for point in range(iqm_P.size)], 1
    )
    low_P, high_P = np.quantile(resampled_RP, INTERVAL, axis=0)
    return Band(iqm_P, low_P, high_P)


def _of_task(returns_SP: Array, last: int) -> TaskSummary:
    rng = np.random.default_rng(0)
    scores_S2 = np.stack([final_scores(returns_SP, last), areas(returns_SP)], 1)
    scores = iqm_band(scores_S2, rng)
    return TaskSummary(scores.at(0), scores.at(1), iqm_band(returns_SP, rng))
