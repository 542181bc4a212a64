"""What a comparison of one arm with the reference says, as plain data.

Two metrics are primary together: the final score and the area under the curve. The tests of both, on all
tasks, are corrected as one family, each arm by itself. All is of discounted returns, where more is better.
"""

import math
from dataclasses import dataclass
from typing import Literal

Metric = Literal["final", "auc"]

Verdict = Literal["helped", "hurt", "mixed", "no difference seen"]
"""What the corrected tests say. Mixed is of a task of which one metric was helped and the other hurt."""


@dataclass(frozen=True)
class Estimate:
    """A figure of the runs at hand and its 95 % bootstrap percentile interval, from low to high."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Contrast:
    """One statistic of both arms, and arm minus reference."""

    arm: Estimate
    reference: Estimate
    difference: Estimate


@dataclass(frozen=True)
class MetricComparison:
    """One metric of one task, in units of its discounted return.

    Attributes:
        arm: interquartile mean over the seeds.
        reference: the same, of the reference.
        difference: mean over the seeds of arm minus reference. This is what the test is about.
        p: of the paired sign-flip test.
        holm_p: the same, corrected over both metrics of all tasks.
        verdict: `helped` or `hurt` if `holm_p` is at most alpha, and never `mixed`. The interval of
            `difference` is not corrected, so it may leave out zero where no difference is seen.
        improvement: probability that a run of the arm beats a run of the reference; ties count half.
        visible: smallest difference that the test would see with 80 % power; infinite for too few seeds, nan
            if the difference is the same with every seed, which says nothing of chance.
    """

    arm: Estimate
    reference: Estimate
    difference: Estimate
    p: float
    holm_p: float
    verdict: Verdict
    improvement: Estimate
    visible: float


@dataclass(frozen=True)
class StepsToThreshold:
    """When the runs of one arm first reached a task's threshold.

    Attributes:
        threshold: discounted return.
        steps: env steps of the task at the first evaluation that reached it, by seed; infinite if none did.
        median: over the seeds; runs that never reached it are later than all others.
        reached: number of seeds that did.
    """

    threshold: float
    steps: tuple[float, ...]
    median: float
    reached: int


@dataclass(frozen=True)
class Spread:
    """Standard deviation over the seeds of the final score.

    The ratio is arm over reference. Where the reference's scores are all equal, or nearly so beside the
    arm's, it has no meaning, and is nan. Where only those of a resample are, its interval is nan.
    """

    arm: float
    reference: float
    ratio: Estimate


@dataclass(frozen=True)
class TaskComparison:
    """One task; the steps are None if the study names no threshold for it."""

    task: str
    final: MetricComparison
    auc: MetricComparison
    spread: Spread
    arm_steps: StepsToThreshold | None
    reference_steps: StepsToThreshold | None

    @property
    def verdict(self) -> Verdict:
        """What both metrics together say."""
        found = {self.final.verdict, self.auc.verdict} - {"no difference seen"}
        if len(found) == 2:
            return "mixed"
        return found.pop() if found else "no difference seen"

    @property
    def sharper(self) -> Metric:
        """The metric that sees the smaller difference in return with these seeds, if it is known of both."""
        if math.isnan(self.final.visible):
            return "auc"
        return "auc" if self.auc.visible < self.final.visible else "final"

    @property
    def visible(self) -> float:
        """The smallest difference in return that the sharper metric sees; nan if it is known of neither."""
        return self.auc.visible if self.sharper == "auc" else self.final.visible


@dataclass(frozen=True)
class AggregateMetric:
    """One metric over all tasks.

    Scores are on a common scale: 0 is the worst evaluation of the task by any run of the study, 1 the best.

    Attributes:
        iqm: interquartile mean of all runs of all tasks.
        mean: of all of them.
        median: over the tasks, of a task's mean.
        improvement: mean over the tasks of the probability of improvement, which needs no scale.
    """

    iqm: Contrast
    mean: Contrast
    median: Contrast
    improvement: Estimate


@dataclass(frozen=True)
class Comparison:
    """An arm against the reference, on the seeds that both finished.

    Attributes:
        arm: its name.
        reference: the other's name.
        seeds: that were compared.
        alpha: level of the tests, after Holm's correction.
        resamples: of each bootstrap.
        tasks: in the order of the study.
        final: the final score over all tasks.
        auc: the area under the curve over all tasks.
    """

    arm: str
    reference: str
    seeds: tuple[int, ...]
    alpha: float
    resamples: int
    tasks: tuple[TaskComparison, ...]
    final: AggregateMetric
    auc: AggregateMetric

    def of_task(self, name: str) -> TaskComparison:
        """Return the comparison of one task, or KeyError."""
        return {task.task: task for task in self.tasks}[name]

    def count(self, verdict: Verdict) -> int:
        """Return of how many tasks this is the verdict."""
        return sum(task.verdict == verdict for task in self.tasks)
