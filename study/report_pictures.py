"""The pictures of a report: what of the findings each one shows, and what is said below it."""

from collections.abc import Iterator, Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from study.comparing import task_scale
from study.comparison import Metric
from study.document import Picture
from study.figures import (
    HUNDREDTHS,
    SMALLEST_LIMIT,
    learning_curves,
    task_matrices,
    to_svg,
    transfer_matrix,
    width_px,
)
from study.findings import Findings
from study.heat_map import Matrix
from study.probe_means import between_tasks
from study.wording import number

UNSEEN = "no difference seen"
_CURVES = (
    "Discounted return of the greedy policy: interquartile mean over seeds, with its pointwise 95 % "
    "bootstrap interval. The dotted line is the threshold for the column steps to threshold."
)
_TRANSFER = (
    "Arm minus reference, mean over seeds, divided by the range between the worst and the best evaluation "
    "of the task in any run of the study. A star marks differences that the tests find after Holm's "
    "correction."
)
_COSINE = (
    "Cosine between the gradients of two tasks in the shared parameters, mean over seeds and readings. If "
    "it is below zero, an update for one task undoes part of an update for the other."
)
_CKA = (
    "Linear CKA of the features that the trunks of two tasks compute from the same rows, mean over seeds "
    "and readings. It is 1 if a rotation and a scale turn one into the other, as with one trunk for all "
    "tasks, and 0 if they are unrelated. With few rows it is large even for unrelated features."
)


def picture_of_curves(findings: Findings) -> Picture:
    """Return the learning curves."""
    figure = learning_curves(findings.record, findings.summaries)
    return as_picture(
        "learning_curves", figure, "Learning curves of every task, one line for each arm", _CURVES
    )


def picture_of_transfer(findings: Findings) -> Picture:
    """Return the transfer matrix of the arms that were compared; there must be one."""
    figure = transfer_matrix(transfer_of(findings))
    return as_picture("transfer", figure, "What each arm did to each task", _TRANSFER)


def pictures_of_probes(findings: Findings) -> Iterator[Picture]:
    """Yield what the probes read between tasks, of the arms that have it."""
    tasks = findings.record.tasks
    cosines = readings_between_tasks(findings, "gradient_cosine")
    if cosines:
        figure = task_matrices(cosines, tasks, cosine_limits(cosines))
        yield as_picture("gradient_cosine", figure, "Gradient cosines between tasks", _COSINE)
    similar = readings_between_tasks(findings, "feature_cka")
    if similar:
        figure = task_matrices(similar, tasks, (0.0, 1.0))
        yield as_picture("feature_cka", figure, "Similarity of features between tasks", _CKA)


def transfer_of(findings: Findings) -> dict[str, Matrix]:
    """Return, by metric, compared arms against tasks: difference from the reference over the task's range."""
    _, range_T = task_scale(findings.record)
    return {
        "final score": _transfer(findings, "final", range_T),
        "AUC": _transfer(findings, "auc", range_T),
    }


def readings_between_tasks(findings: Findings, probe: str) -> dict[str, NDArray[np.float64]]:
    """Return, by arm, the mean of a probe between tasks, (T, T); arms that read none are left out."""
    means = {arm.name: between_tasks(arm, probe) for arm in findings.record.arms}
    return {name: mean_TT for name, mean_TT in means.items() if mean_TT is not None}


def cosine_limits(cosines_TT: Mapping[str, NDArray[np.float64]]) -> tuple[float, float]:
    """Return a scale about zero that holds every cosine and does not blow up noise."""
    largest = max(float(np.nanmax(np.abs(values_TT))) for values_TT in cosines_TT.values())
    limit = max(largest, SMALLEST_LIMIT)
    return -limit, limit


def _transfer(findings: Findings, metric: Metric, range_T: NDArray[np.float64]) -> Matrix:
    tests_AT = [
        [task.final if metric == "final" else task.auc for task in one.tasks]
        for one in findings.comparisons.values()
    ]
    values_AT = np.array([[test.difference.value for test in tests_T] for tests_T in tests_AT]) / range_T
    texts = [
        [
            number(value, HUNDREDTHS, signed=True) + ("" if test.verdict == UNSEEN else " ★")
            for value, test in zip(values_T, tests_T, strict=True)
        ]
        for values_T, tests_T in zip(values_AT, tests_AT, strict=True)
    ]
    return Matrix(list(findings.comparisons), findings.record.tasks, values_AT, texts)


def as_picture(name: str, figure: Figure, alt: str = "", caption: str = "") -> Picture:
    """Return a figure as a block of a document, or to be shown by a notebook."""
    return Picture(name, to_svg(figure, name), alt, caption, width_px(figure))
