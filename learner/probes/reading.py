"""One reading of the probes, as plain numbers.

Shape letters: T tasks, in the order of the configuration.
"""

import math
from dataclasses import dataclass
from statistics import fmean

Row = list[float]


@dataclass(frozen=True)
class TaskReading:
    """What a reading says of one task; None where that is not defined, or nothing was read yet.

    Attributes:
        gradient_share: of the lengths of all tasks' gradients in what is shared.
        gradient_cosine: mean cosine with the other tasks' gradients.
        conflict_share: share of the other tasks with which that cosine is negative.
        lesion_share: share of states in which its greedy action needs the trunk.
    """

    gradient_share: float | None = None
    gradient_cosine: float | None = None
    conflict_share: float | None = None
    lesion_share: float | None = None


@dataclass(frozen=True)
class ProbeReading:
    """What one batch a task showed; what a way of sharing does not define is not a number.

    Attributes:
        learner_step: updates made before it.
        tasks: names.
        gradient_cosine: (T, T), `gradients.cosines` of the losses before task weighting.
        magnitude_similarity: (T, T), `gradients.magnitude_similarity` of the same.
        gradient_share: (T,), `gradients.norm_shares` of the same.
        conflict_share: `gradients.conflict_share`.
        feature_cka: (T, T), `similarity.linear_cka` of what two tasks' trunks make of the same rows.
        dormant_share: mean over tasks of `units.dormant_share` of the features of the task's rows.
        effective_rank: `units.effective_rank` of the features of all rows.
        lesion_share: (T,), `lesion.lesion_shares`.
    """

    learner_step: int
    tasks: list[str]
    gradient_cosine: list[Row]
    magnitude_similarity: list[Row]
    gradient_share: Row
    conflict_share: float
    feature_cka: list[Row]
    dormant_share: float
    effective_rank: float
    lesion_share: Row

    def of_task(self, name: str) -> TaskReading:
        """Return one task's part."""
        index = self.tasks.index(name)
        row = self.gradient_cosine[index]
        others = [cosine for other, cosine in enumerate(row) if other != index and math.isfinite(cosine)]
        return TaskReading(
            gradient_share=defined(self.gradient_share[index]),
            gradient_cosine=fmean(others) if others else None,
            conflict_share=fmean(cosine < 0 for cosine in others) if others else None,
            lesion_share=defined(self.lesion_share[index]),
        )


def defined(value: float) -> float | None:
    """Return a number, or None for what is none."""
    return value if math.isfinite(value) else None
