"""Readings of the probes, averaged over seeds and readings; what is not a number stays out."""

import numpy as np
from numpy.typing import NDArray

from study.records import ArmRecord


def mean_reading(arm: ArmRecord, probe: str) -> NDArray[np.float64] | None:
    """Return the mean over seeds and readings, (T, T), (T,) or (); nan where nothing was read.

    None if the arm has no such probe.
    """
    readings = arm.probes.get(probe)
    if readings is None:
        return None
    there = np.isfinite(readings)
    count = there.sum((0, 1))
    total = np.where(there, readings, 0.0).sum((0, 1))
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def between_tasks(arm: ArmRecord, probe: str) -> NDArray[np.float64] | None:
    """Return the mean of a probe that compares tasks, nan on the diagonal: (T, T).

    None if it says nothing of any pair.
    """
    mean_TT = mean_reading(arm, probe)
    if mean_TT is None:
        return None
    pairs_TT = np.where(np.eye(len(mean_TT), dtype=bool), np.nan, mean_TT)
    return pairs_TT if np.isfinite(pairs_TT).any() else None
