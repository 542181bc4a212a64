"""What was found and how sure it is, in one paragraph without a figure or a table."""

import math
from collections.abc import Iterator, Sequence

from study.comparison import Comparison, TaskComparison, Verdict
from study.controls import ControlVerdict
from study.findings import Findings
from study.wording import counted, estimate, listed, number

UNSEEN: Verdict = "no difference seen"


def in_plain_words(findings: Findings) -> str:
    """Return the paragraph; where a control failed, it says that and draws no conclusion."""
    if findings.failed:
        return (
            f"This study failed its own controls: {_names(findings.failed)}. So it allows no conclusion "
            "about what an arm does to any task. The rest of this report only helps to find the cause."
        )
    return " ".join([*_arms(findings), _certainty(findings)])


def _arms(findings: Findings) -> Iterator[str]:
    reference = findings.record.reference
    for arm in findings.record.arms:
        if arm.name in findings.comparisons:
            yield from _comparison(findings.comparisons[arm.name])
        elif arm.name != reference:
            yield f"Nothing can be said about {arm.name}: it shares fewer than two seeds with {reference}."
    if not findings.comparisons:
        yield f"No arm was compared with {reference}."


def _comparison(comparison: Comparison) -> Iterator[str]:
    of_all = f"of {counted(len(comparison.tasks), 'task')}"
    seeds = counted(len(comparison.seeds), "seed")
    who = f"Compared with {comparison.reference} over {seeds}, {comparison.arm}"
    verbs: dict[Verdict, str] = {"helped": "helped", "hurt": "hurt", "mixed": "both helped and hurt"}
    for verdict, verb in verbs.items():
        tasks = [task for task in comparison.tasks if task.verdict == verdict]
        if tasks:
            yield f"{who} {verb} {len(tasks)} {of_all}: {listed([_sizes(task) for task in tasks])}."
            who = "It"
    tasks = [task for task in comparison.tasks if task.verdict == UNSEEN]
    if tasks:
        names = listed([task.task for task in tasks])
        yield f"{who} showed no difference on {len(tasks)} {of_all}: {names}. {_limits(tasks)}."


def _sizes(task: TaskComparison) -> str:
    """Return the differences of which the tests say something."""
    sizes = [
        f"{name} {estimate(metric.difference, signed=True)}"
        for name, metric in (("final score", task.final), ("AUC", task.auc))
        if metric.verdict != UNSEEN
    ]
    return f"{task.task} ({', '.join(sizes)})"


def _limits(tasks: Sequence[TaskComparison]) -> str:
    """Return how large a difference would have been seen on each task."""
    if any(math.isinf(task.visible) for task in tasks):
        return "With so few seeds a difference of any size would have been missed"
    limits = [
        f"{number(task.visible)} ({'AUC' if task.sharper == 'auc' else 'final score'} of {task.task})"
        for task in tasks
        if math.isfinite(task.visible)
    ]
    if not limits:
        return "All seeds gave the same difference, so the smallest visible difference is unknown"
    return f"Differences smaller than {listed(limits)} may exist, because the tests would often miss them"


def _certainty(findings: Findings) -> str:
    passed = f": {_names(findings.passed)}" if findings.passed else ""
    unchecked = (
        f" There were too few seeds to check {_names(findings.unchecked)}, so trust the results less."
        if findings.unchecked
        else ""
    )
    return (
        f"This study passed {counted(len(findings.passed), 'control')}{passed}.{unchecked} "
        "Brackets are 95 % intervals. A task is called helped or hurt only if the test still finds a "
        "difference after correction for all tasks and both metrics of an arm. A difference as large as a "
        "given limit would be found four times in five."
    )


def _names(controls: Sequence[ControlVerdict]) -> str:
    return listed([f"“{control.name}”" for control in controls])
