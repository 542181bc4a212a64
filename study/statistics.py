"""Estimates over runs, and bootstrap intervals for them, as pure functions.

What Agarwal et al. 2021 ("Deep Reinforcement Learning at the Edge of the Statistical Precipice") recommend.
Shape letters: S seeds, T tasks, P evaluations, R resamples; K strata, which are the T tasks or 1 for all
together.
"""

import numpy as np
from numpy.typing import NDArray

from study.comparison import Estimate

Array = NDArray[np.float64]

INTERVAL = (0.025, 0.975)
"""Shares of resamples below the ends of a 95 % interval."""
ROUNDING = 1e-9
"""Scores that differ by no more than this share of their size are equal: sums of the same returns, in another
order, differ by some 1e-16."""


def final_scores(returns_SP: Array, last: int) -> Array:
    """Return the mean of a run's last evaluations: (S,)."""
    return np.asarray(returns_SP[:, -last:].mean(1))


def areas(returns_SP: Array) -> Array:
    """Return the area under each curve over the length of the run, the mean of its evaluations: (S,)."""
    return np.asarray(returns_SP.mean(1))


def differences(x: Array, y: Array) -> Array:
    """Return x - y, and 0 where nothing but rounding is left of it."""
    difference = np.asarray(x - y)
    return np.where(np.abs(difference) <= ROUNDING * np.maximum(np.abs(x), np.abs(y)), 0.0, difference)


def deviations(values: Array, axis: int = 0) -> Array:
    """Return the standard deviation along one axis, n - 1 in the denominator, and 0 if all are equal.

    The mean of equal numbers may be rounded, so that their computed deviation is not quite zero.
    """
    std = np.asarray(values.std(axis, ddof=1))
    return np.where(std <= ROUNDING * np.abs(values).max(axis), 0.0, std)


def interquartile_mean(values: Array, axis: int = -1) -> Array:
    """Return the mean without the lowest and highest quarter along one axis.

    Of N values, floor(N / 4) are left out at each end, as `scipy.stats.trim_mean` does, which rliable calls.
    """
    ordered = np.sort(np.moveaxis(values, axis, -1), axis=-1)
    count = ordered.shape[-1]
    cut = count // 4
    return np.asarray(ordered[..., cut : count - cut].mean(-1))


def run_iqm(scores_ST: Array) -> Array:
    """Return the interquartile mean of all runs of all tasks, over the last two axes."""
    return interquartile_mean(scores_ST.reshape(*scores_ST.shape[:-2], -1))


def task_median(scores_ST: Array) -> Array:
    """Return the median over tasks of a task's mean, over the last two axes."""
    return np.asarray(np.median(scores_ST.mean(-2), -1))


def task_mean(scores_ST: Array) -> Array:
    """Return the mean of all runs of all tasks, over the last two axes."""
    return np.asarray(scores_ST.mean((-2, -1)))


def resampled_seeds(rng: np.random.Generator, seeds: int, strata: int, resamples: int) -> NDArray[np.int64]:
    """Return which seeds each bootstrap sample holds: (R, S, K).

    With a stratum for each task the seeds of a task are drawn by themselves: the stratified bootstrap of
    Agarwal et al., right where tasks are learned apart. With one stratum whole runs are drawn. That is what
    intervals over several tasks need here: tasks that share a network rise and fall together, and drawn apart
    they would seem to average out, which makes an interval too narrow.
    """
    return rng.integers(seeds, size=(resamples, seeds, strata))


def resample(scores_ST: Array, index_RSK: NDArray[np.int64]) -> Array:
    """Return the bootstrap samples: (R, S, T). Two arms given the same index keep their runs in pairs."""
    return np.asarray(scores_ST[index_RSK, np.arange(scores_ST.shape[1])])


def estimate(value: float, resampled_R: Array) -> Estimate:
    """Return the value with its percentile interval (Efron 1979); nan if not defined in every resample."""
    low, high = np.quantile(resampled_R, INTERVAL, method="inverted_cdf")
    return Estimate(float(value), float(low), float(high))


def wins(x_ST: Array, y_ST: Array) -> Array:
    """Return 1 where run i of x beats run j of y, one half for a tie, else 0: (T, S, S)."""
    return np.asarray(0.5 + 0.5 * np.sign(differences(x_ST.T[:, :, None], y_ST.T[:, None, :])))


def improvement(x_ST: Array, y_ST: Array) -> Array:
    """Return P(X > Y) + P(X = Y) / 2 of each task: (T,).

    That is the Mann-Whitney U statistic over its largest value (Mann and Whitney 1947; Agarwal et al.,
    section 4.3).
    """
    return np.asarray(wins(x_ST, y_ST).mean((1, 2)))


def resampled_improvement(x_ST: Array, y_ST: Array, index_RSK: NDArray[np.int64]) -> Array:
    """Return `improvement` of every bootstrap sample, drawn in pairs: (R, T).

    A sample only weighs the S x S games of `wins` anew, by how often it holds each seed.
    """
    resamples, seeds, strata = index_RSK.shape
    sample_RSK = (np.arange(resamples)[:, None, None] * strata + np.arange(strata)) * seeds + index_RSK
    counts = np.bincount(sample_RSK.ravel(), minlength=resamples * strata * seeds)
    counts_KRS = counts.reshape(resamples, strata, seeds).swapaxes(0, 1).astype(np.float64)
    won_TRS = counts_KRS @ wins(x_ST, y_ST)
    return np.asarray((won_TRS * counts_KRS).sum(-1).T / seeds**2)


def reach(returns_SP: Array, env_steps_P: NDArray[np.int64], threshold: float) -> Array:
    """Return the env steps at each run's first evaluation at or above the threshold, else infinity: (S,)."""
    reached_SP = returns_SP >= threshold
    return np.where(reached_SP.any(1), env_steps_P[reached_SP.argmax(1)], np.inf)
