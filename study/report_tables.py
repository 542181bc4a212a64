"""The tables of a report."""

from collections.abc import Sequence

import numpy as np

from study.arm_summary import TaskSummary
from study.comparison import Comparison, MetricComparison, TaskComparison
from study.document import Table
from study.findings import Findings
from study.probe_means import mean_reading
from study.records import ArmRecord, StudyRecord
from study.wording import UNKNOWN, estimate, number, p_value, steps

GIB = 2**30
NO_RATIO = "no meaning"
"""What a ratio of deviations is where the reference's scores do not deviate."""
MOODS = {"helped": "good", "hurt": "bad", "mixed": "bad"}
_TASK_HEADER = (
    "arm", "metric", "IQM", "minus reference", "smallest visible", "Holm p", "P(improvement)",
    "steps to threshold", "seed std ratio", "verdict",
)  # fmt: skip


def control_table(findings: Findings) -> Table:
    """Return the controls and what each of them says."""
    said = {True: "passed", False: "FAILED", None: "not checked"}
    rows = [[control.name, said[control.passed], control.sentence] for control in findings.controls]
    return Table(["control", "verdict", "what it found"], rows)


def task_table(findings: Findings, task: str) -> Table:
    """Return one task: two rows an arm, final score and AUC."""
    rows, marks = [], []
    for arm in findings.record.arms:
        summary = findings.summaries[arm.name][task]
        comparison = findings.comparisons.get(arm.name)
        if comparison:
            rows += _compared_rows(arm.name, summary, comparison.of_task(task))
            marks += [MOODS.get(row[-1], "") for row in rows[-2:]]
        else:
            rows += _bare_rows(findings, arm.name, task)
            marks += ["", ""]
    return Table(_TASK_HEADER, rows, marks=marks)


def aggregate_table(comparisons: Sequence[Comparison]) -> Table:
    """Return each arm over all tasks, on the common scale."""
    rows = [
        [
            one.arm,
            name,
            *(estimate(part.difference, signed=True) for part in (metric.iqm, metric.mean, metric.median)),
            estimate(metric.improvement),
        ]
        for one in comparisons
        for name, metric in (("final", one.final), ("AUC", one.auc))
    ]
    return Table(
        [
            "arm",
            "metric",
            "IQM minus reference",
            "mean minus reference",
            "median minus reference",
            "P(improvement)",
        ],
        rows,
        "On the scale of each task, 0 is the worst evaluation of any run of the study and 1 the best. "
        "Intervals resample whole runs. P(improvement) is the probability that a run of the arm scores "
        "higher than a run of the reference, mean over tasks.",
    )


def probe_table(arms: Sequence[ArmRecord]) -> Table:
    """Return the readings of the probes that are one number."""
    names = {
        "conflict_share": "conflict share",
        "dormant_share": "dormant units",
        "effective_rank": "effective rank",
    }
    rows = [[arm.name, *(_reading(arm, name) for name in names)] for arm in arms]
    return Table(
        ["arm", *names.values()],
        rows,
        "Means over seeds and readings. Conflict share: share of task pairs whose gradients in the shared "
        "parameters have a negative cosine. Dormant units: share of the trunk's units that are hardly ever "
        "active. Effective rank: that of the trunk's features.",
    )


def similarity_table(record: StudyRecord) -> Table:
    """Return how similar each arm's features are to the reference's, task by task."""
    rows = [
        [arm.name, *(_mean_similarity(arm, task) for task in record.tasks)]
        for arm in record.arms
        if arm.similarity
    ]
    return Table(
        ["arm", *record.tasks],
        rows,
        "Linear CKA of the features that the heads read, on the same observations from random play. Each "
        "run of an arm is compared with the run of the reference with the same seed. The row of the "
        "reference compares its runs with each other; they differ only in their seed. Means over at most "
        "five pairs.",
    )


def cost_table(arms: Sequence[ArmRecord]) -> Table:
    """Return what each arm's runs took."""
    rows = [
        [
            arm.name,
            f"{arm.cost.parameters:,}",
            f"{arm.cost.updates:,}",
            number(float(np.median(arm.cost.seconds_S))),
            f"{arm.cost.memory_bytes_S.max() / GIB:.2f}",
        ]
        for arm in arms
    ]
    return Table(
        ["arm", "parameters", "updates a run", "seconds a run (median)", "peak memory (GiB)"],
        rows,
        "Parameters of all tasks together; peak memory of the largest run.",
    )


def _compared_rows(name: str, summary: TaskSummary, task: TaskComparison) -> list[list[str]]:
    ratio = estimate(task.spread.ratio) if np.isfinite(task.spread.ratio.value) else NO_RATIO
    beside = [steps(task.arm_steps), ratio]
    return [
        [name, "final", estimate(summary.final), *_compared(task.final), *beside, task.final.verdict],
        ["", "AUC", estimate(summary.auc), *_compared(task.auc), "", "", task.auc.verdict],
    ]


def _bare_rows(findings: Findings, name: str, task: str) -> list[list[str]]:
    """Return the rows of an arm that is compared with nothing."""
    is_reference = name == findings.record.reference
    beside = next(iter(findings.comparisons.values()), None) if is_reference else None
    reached = steps(beside.of_task(task).reference_steps) if beside else UNKNOWN
    summary, verdict = findings.summaries[name][task], "reference" if is_reference else "too few seeds"
    return [
        [name, "final", estimate(summary.final), *[UNKNOWN] * 4, reached, UNKNOWN, verdict],
        ["", "AUC", estimate(summary.auc), *[UNKNOWN] * 4, "", "", ""],
    ]


def _compared(metric: MetricComparison) -> list[str]:
    return [
        estimate(metric.difference, signed=True),
        number(metric.visible),
        p_value(metric.holm_p),
        estimate(metric.improvement),
    ]


def _mean_similarity(arm: ArmRecord, task: str) -> str:
    """Return the mean over the pairs of runs that have one: features that never vary have none."""
    defined = arm.similarity[task][np.isfinite(arm.similarity[task])]
    return f"{defined.mean():.2f}" if defined.size else UNKNOWN


def _reading(arm: ArmRecord, name: str) -> str:
    mean = mean_reading(arm, name)
    return UNKNOWN if mean is None else number(float(mean))
