"""What the instrument must show before its reports count: nothing where nothing is, and harm where harm is.

Shape letters: S seeds, K readings of the probes, T tasks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from study.comparing import METRICS, compare, find_arm, only_seeds
from study.comparison import Comparison, Estimate, MetricComparison
from study.paired import attainable_level
from study.records import ArmRecord, StudyRecord
from study.statistics import estimate, resample, resampled_seeds

FALSE_SHARE = 0.05
"""Of the splits of an arm, how many may show a difference."""


@dataclass(frozen=True)
class ControlVerdict:
    """Whether a control passed, the figures that decided it by name, and a sentence that says it.

    `passed` is None where there were too few seeds for the control to show anything either way.
    """

    name: str
    passed: bool | None
    figures: Mapping[str, float]
    sentence: str


def same_arm_control(
    record: StudyRecord,
    arm: str,
    rng: np.random.Generator,
    splits: int = 100,
    resamples: int = 200,
    alpha: float = 0.05,
) -> ControlVerdict:
    """Split one arm's runs at random into halves, many times, and compare the halves as if they were arms.

    Whatever is found is false, since the halves differ in nothing but chance. A split draws the seeds without
    replacement, names one half the reference, pairs the halves in the order drawn, and hands them to
    `compare` itself: pairing, both metrics, test and correction are those of the study, with half its seeds.
    No run stands in both halves, as it might if runs were drawn with replacement: those would be too alike.

    It is a check of the instrument, and only of that: the splits reuse one set of runs, so they do not say
    whether the runs themselves are independent. With too few seeds for any difference to be found, it is not
    checked.

    Raises:
        ValueError: if the study has no such arm.
    """
    runs = find_arm(record, arm)
    half = len(runs.seeds) // 2
    name = "same arm twice"
    if half < 2 or attainable_level(half, alpha, len(METRICS) * len(record.tasks)) == 0:
        sentence = f"Half of the {len(runs.seeds)} seeds of {arm!r} are too few to find any difference."
        return ControlVerdict(name, None, {"splits": 0.0}, sentence)
    found = 0
    for _ in range(splits):
        result = compare(_halves(record, runs, rng), "half", rng, resamples, alpha)
        found += result.count("no difference seen") < len(record.tasks)
    sentence = (
        f"Of {splits} random splits of the {len(runs.seeds)} runs of {arm!r} into halves, {found} showed "
        f"a difference, although there is none; at most {int(FALSE_SHARE * splits)} may do so."
    )
    figures = {"splits": float(splits), "differences": float(found)}
    return ControlVerdict(name, found <= FALSE_SHARE * splits, figures, sentence)


def _halves(record: StudyRecord, runs: ArmRecord, rng: np.random.Generator) -> StudyRecord:
    """Return a study of two arms, each a random half of one arm's runs, paired in the order drawn."""
    half = len(runs.seeds) // 2
    order = [runs.seeds[row] for row in rng.permutation(len(runs.seeds))]
    pairs = list(range(half))
    reference = replace(only_seeds(runs, order[:half]), name="other half", seeds=pairs)
    arm = replace(only_seeds(runs, order[half : 2 * half]), name="half", seeds=pairs)
    return replace(record, reference=reference.name, arms=[reference, arm])


def twins_control(comparison: Comparison, twins: Sequence[str]) -> ControlVerdict:
    """Tasks that are one environment under several names must not be hurt by being learned together.

    It passes if no corrected test finds harm; how much harm would have been found stands beside it. With too
    few seeds for any harm to be found, it is not checked.

    Args:
        comparison: of the arm that shares with the reference that does not.
        twins: names of the tasks.
    """
    tests = _tests(comparison, twins)
    hurt = sum(test.verdict == "hurt" for test in tests)
    worst = min(test.difference.value for test in tests)
    visible = max((test.visible for test in tests if not np.isnan(test.visible)), default=np.nan)
    figures = {"hurt": float(hurt), "worst_difference": worst, "visible_difference": visible}
    if np.isinf(visible):
        sentence = f"{len(comparison.seeds)} seeds are too few to find harm to {' and '.join(twins)}."
        return ControlVerdict("twins", None, figures, sentence)
    said = f"{hurt} of {len(tests)} tests" if hurt else "no test"
    power = (
        "all seeds gave the same difference"
        if np.isnan(visible)
        else f"a difference of {visible:.3g} would have been found four times in five"
    )
    sentence = (
        f"One environment was learned together as {' and '.join(twins)}: {said} found harm. The worst "
        f"difference was {worst:.3g}, and {power}."
    )
    return ControlVerdict("twins", hurt == 0, figures, sentence)


def _tests(comparison: Comparison, tasks: Sequence[str]) -> list[MetricComparison]:
    compared = [comparison.of_task(task) for task in tasks]
    return [metric for task in compared for metric in (task.final, task.auc)]


def conflict_control(
    record: StudyRecord,
    comparison: Comparison,
    twins: tuple[str, str],
    rng: np.random.Generator,
    resamples: int = 2_000,
) -> ControlVerdict:
    """Two tasks that contradict each other under a small trunk must be seen to conflict, and to lose by it.

    It passes if the mean cosine between their gradients is negative, with its interval over the seeds below
    zero, and a corrected test finds harm to the final score or the area of either task. Where fewer than two
    runs read a cosine, or the seeds are too few for a test to find any harm, it is not checked.

    Args:
        record: the study, whose arm `comparison.arm` read `gradient_cosine`.
        comparison: of that arm with the reference that does not share.
        twins: names of the tasks.
        rng: draws the bootstrap.
        resamples: of the bootstrap.
    """
    cosine = _mean_cosine(record, comparison.arm, twins, rng, resamples)
    name = "contradictory twins"
    if not np.isfinite(cosine.value):
        sentence = f"Fewer than two runs read a gradient cosine between {' and '.join(twins)}."
        return ControlVerdict(name, None, {}, sentence)
    if any(np.isinf(test.visible) for test in _tests(comparison, twins)):
        sentence = f"{len(comparison.seeds)} seeds are too few to find harm to {' and '.join(twins)}."
        return ControlVerdict(name, None, {}, sentence)
    hurt = sum(comparison.of_task(task).verdict in ("hurt", "mixed") for task in twins)
    sentence = (
        f"The tasks {twins[0]} and {twins[1]} contradict each other. Their mean gradient cosine was "
        f"{cosine.value:.3f} [{cosine.low:.3f}, {cosine.high:.3f}], and {hurt} of the two were hurt."
    )
    figures = {"cosine": cosine.value, "cosine_low": cosine.low, "cosine_high": cosine.high, "hurt": hurt}
    return ControlVerdict(name, cosine.high < 0 and hurt > 0, figures, sentence)


def _mean_cosine(
    record: StudyRecord, arm: str, twins: tuple[str, str], rng: np.random.Generator, resamples: int
) -> Estimate:
    """Return the mean over the seeds of each run's mean gradient cosine; nan if the arm read none."""
    probes = find_arm(record, arm).probes
    if "gradient_cosine" not in probes:
        return Estimate(np.nan, np.nan, np.nan)
    first, second = (record.tasks.index(task) for task in twins)
    cosine_SK = probes["gradient_cosine"][:, :, first, second]
    read_SK = [run_K[np.isfinite(run_K)] for run_K in cosine_SK]
    cosine_S = np.array([run_K.mean() for run_K in read_SK if run_K.size])
    if len(cosine_S) < 2:
        return Estimate(np.nan, np.nan, np.nan)
    index_RS1 = resampled_seeds(rng, len(cosine_S), 1, resamples)
    return estimate(cosine_S.mean(), resample(cosine_S[:, None], index_RS1).mean((1, 2)))
