"""Compares an arm with the reference, seed by seed.

Shape letters: S seeds, T tasks, R resamples.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from study.comparison import (
    AggregateMetric,
    Comparison,
    Contrast,
    Metric,
    MetricComparison,
    Spread,
    StepsToThreshold,
    TaskComparison,
    Verdict,
)
from study.paired import holm, sign_flip_p, visible_difference
from study.records import ArmRecord, StudyRecord
from study.scored import unscored_seeds
from study.statistics import (
    ROUNDING,
    Array,
    areas,
    deviations,
    differences,
    estimate,
    final_scores,
    improvement,
    interquartile_mean,
    reach,
    resample,
    resampled_improvement,
    resampled_seeds,
    run_iqm,
    task_mean,
    task_median,
)

METRICS: tuple[Metric, Metric] = ("final", "auc")
NEARLY_EQUAL = 1e-3
"""Scores of the reference are so if they deviate by no more than this share of the arm's deviation. All seeds
do the same then, and a ratio over what is left of their deviation may be any number."""


@dataclass(frozen=True)
class _Tests:
    """What the tests of one metric say of each task: (T,) all."""

    p_T: Array
    holm_T: Array
    visible_T: Array


def compare(
    record: StudyRecord, arm: str, rng: np.random.Generator, resamples: int = 2_000, alpha: float = 0.05
) -> Comparison:
    """Return what the seeds that both arms finished say of this arm against the reference.

    Both metrics of all tasks are tested by `sign_flip_p` and corrected together by `holm`. Intervals of one
    task resample its seeds, those over all tasks whole runs (see `resampled_seeds`); pairs stay together in
    both.

    Raises:
        ValueError: if the study has no such arm, fewer than two seeds are common, or a score is no number:
            `study.scored` takes such runs out.
    """
    one, other = _paired(record, arm)
    x, y = _scores(record, one), _scores(record, other)
    tests = _tests(x, y, alpha, rng)
    apart_RST = resampled_seeds(rng, len(one.seeds), len(record.tasks), resamples)
    whole_RS1 = resampled_seeds(rng, len(one.seeds), 1, resamples)
    finals, aucs = (_by_task(x[m], y[m], tests[m], alpha, apart_RST) for m in METRICS)
    spreads = _spreads(x["final"], y["final"], apart_RST)
    tasks = tuple(
        TaskComparison(task, final, auc, spread, _steps(record, one, task), _steps(record, other, task))
        for task, final, auc, spread in zip(record.tasks, finals, aucs, spreads, strict=True)
    )
    low_T, range_T = task_scale(record)
    over_all = [_over_tasks((x[m] - low_T) / range_T, (y[m] - low_T) / range_T, whole_RS1) for m in METRICS]
    return Comparison(one.name, other.name, tuple(one.seeds), alpha, resamples, tasks, *over_all)


def _paired(record: StudyRecord, name: str) -> tuple[ArmRecord, ArmRecord]:
    """Return the arm and the reference with the seeds of both, in one order."""
    arm, reference = find_arm(record, name), find_arm(record, record.reference)
    seeds = sorted(set(arm.seeds) & set(reference.seeds))
    if len(seeds) < 2:
        raise ValueError(
            f"arm: {name!r} and {record.reference!r} have {len(seeds)} finished seeds in common; "
            "a comparison needs 2 or more"
        )
    for one in record.arms:
        unscored = unscored_seeds(one)
        if unscored:
            raise ValueError(f"arm: {one.name!r} has scores that are not numbers, with seeds {unscored}")
    return only_seeds(arm, seeds), only_seeds(reference, seeds)


def find_arm(record: StudyRecord, name: str) -> ArmRecord:
    """Return an arm by name, or ValueError if the study has no finished run of it."""
    arms = {arm.name: arm for arm in record.arms}
    if name not in arms:
        raise ValueError(f"arm: {name!r} has no finished run; those that have: {sorted(arms)}")
    return arms[name]


def only_seeds(arm: ArmRecord, seeds: list[int]) -> ArmRecord:
    """Return the arm with the returns of these seeds, in this order; all else stays that of all."""
    rows = [arm.seeds.index(seed) for seed in seeds]
    returns = {task: values_SP[rows] for task, values_SP in arm.returns.items()}
    return replace(arm, seeds=seeds, returns=returns)


def _scores(record: StudyRecord, arm: ArmRecord) -> dict[Metric, Array]:
    """Return both metrics of an arm: (S, T) each."""
    curves = [arm.returns[task] for task in record.tasks]
    return {
        "final": np.stack([final_scores(curve_SP, record.last) for curve_SP in curves], axis=1),
        "auc": np.stack([areas(curve_SP) for curve_SP in curves], axis=1),
    }


def _tests(
    x: dict[Metric, Array], y: dict[Metric, Array], alpha: float, rng: np.random.Generator
) -> dict[Metric, _Tests]:
    """Test both metrics of all tasks as one family."""
    difference_SM = np.concatenate([differences(x[metric], y[metric]) for metric in METRICS], axis=1)
    pairs, tests = difference_SM.shape
    p_M = sign_flip_p(difference_SM, rng)
    visible_M = np.array(
        [visible_difference(std, pairs, alpha, tests) for std in deviations(difference_SM).tolist()]
    )
    parts = (np.split(values_M, 2) for values_M in (p_M, holm(p_M), visible_M))
    return {
        metric: _Tests(*of_metric)
        for metric, of_metric in zip(METRICS, zip(*parts, strict=True), strict=True)
    }


def _by_task(
    x_ST: Array, y_ST: Array, tests: _Tests, alpha: float, index_RST: NDArray[np.int64]
) -> list[MetricComparison]:
    """Compare one metric on each task."""
    samples = (resample(x_ST, index_RST), resample(y_ST, index_RST))
    iqm = [interquartile_mean(scores_ST, 0) for scores_ST in (x_ST, y_ST)]
    iqm_RT = [interquartile_mean(sample_RST, 1) for sample_RST in samples]
    difference_ST = differences(x_ST, y_ST)
    difference_T, difference_RT = difference_ST.mean(0), resample(difference_ST, index_RST).mean(1)
    improvement_T, improvement_RT = improvement(x_ST, y_ST), resampled_improvement(x_ST, y_ST, index_RST)
    return [
        MetricComparison(
            arm=estimate(iqm[0][t], iqm_RT[0][:, t]),
            reference=estimate(iqm[1][t], iqm_RT[1][:, t]),
            difference=estimate(difference_T[t], difference_RT[:, t]),
            p=float(tests.p_T[t]),
            holm_p=float(tests.holm_T[t]),
            verdict=_verdict(difference_T[t], tests.holm_T[t], alpha),
            improvement=estimate(improvement_T[t], improvement_RT[:, t]),
            visible=float(tests.visible_T[t]),
        )
        for t in range(x_ST.shape[1])
    ]


def _verdict(difference: float, holm_p: float, alpha: float) -> Verdict:
    """Return what a test says: nothing where its p-value is no number, or its difference is neither sign."""
    if holm_p <= alpha and difference != 0.0 and np.isfinite(difference):
        return "helped" if difference > 0 else "hurt"
    return "no difference seen"


def _spreads(x_ST: Array, y_ST: Array, index_RST: NDArray[np.int64]) -> list[Spread]:
    """Compare the standard deviations over the seeds on each task."""
    x_T, y_T = deviations(x_ST), deviations(y_ST)
    ratio_T = _ratios(x_T, y_T)
    ratio_RT = _ratios(deviations(resample(x_ST, index_RST), 1), deviations(resample(y_ST, index_RST), 1))
    return [
        Spread(float(x_T[t]), float(y_T[t]), estimate(ratio_T[t], ratio_RT[:, t])) for t in range(len(x_T))
    ]


def _ratios(x: Array, y: Array) -> Array:
    """Return x / y of deviations, and nan where y is 0, or next to nothing beside x."""
    deviates = y > NEARLY_EQUAL * x
    return np.where(deviates, x / np.where(deviates, y, 1.0), np.nan)


def _steps(record: StudyRecord, arm: ArmRecord, task: str) -> StepsToThreshold | None:
    """Return when the runs reached the task's threshold, if it has one."""
    if task not in record.thresholds:
        return None
    threshold = record.thresholds[task]
    steps_S = reach(arm.returns[task], arm.env_steps_P, threshold)
    reached = int(np.isfinite(steps_S).sum())
    return StepsToThreshold(threshold, tuple(steps_S.tolist()), float(np.median(steps_S)), reached)


def task_scale(record: StudyRecord) -> tuple[Array, Array]:
    """Return each task's lowest evaluation in the study, and the range above it, 1 if empty: (T,)."""
    curves = [[arm.returns[task] for arm in record.arms] for task in record.tasks]
    low_T = np.array([min(curve_SP.min() for curve_SP in of_task) for of_task in curves])
    high_T = np.array([max(curve_SP.max() for curve_SP in of_task) for of_task in curves])
    size_T = np.maximum(np.abs(low_T), np.abs(high_T))
    return low_T, np.where(high_T - low_T > ROUNDING * size_T, high_T - low_T, 1.0)


def _over_tasks(x_ST: Array, y_ST: Array, index_RS1: NDArray[np.int64]) -> AggregateMetric:
    """Compare one metric, on the common scale, over all tasks."""
    samples = (resample(x_ST, index_RS1), resample(y_ST, index_RS1))

    def contrast(statistic: Callable[[Array], Array]) -> Contrast:
        x, y = float(statistic(x_ST)), float(statistic(y_ST))
        x_R, y_R = (statistic(sample_RST) for sample_RST in samples)
        return Contrast(estimate(x, x_R), estimate(y, y_R), estimate(x - y, x_R - y_R))

    return AggregateMetric(
        iqm=contrast(run_iqm),
        mean=contrast(task_mean),
        median=contrast(task_median),
        improvement=estimate(
            float(improvement(x_ST, y_ST).mean()), resampled_improvement(x_ST, y_ST, index_RS1).mean(1)
        ),
    )
