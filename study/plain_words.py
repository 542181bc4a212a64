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
            f"The instrument did not pass its own controls: {_names(findings.failed)}. Nothing may be "
            "concluded from this study about what an arm does to any task. What stands below is only for "
            "finding out why."
        )
    return " ".join([*_arms(findings), _certainty(findings)])


def _arms(findings: Findings) -> Iterator[str]:
    reference = findings.record.reference
    for arm in findings.record.arms:
        if arm.name in findings.comparisons:
            yield from _comparison(findings.comparisons[arm.name])
        elif arm.name != reference:
            yield f"Of {arm.name} nothing can be said: it shares no two seeds with {reference}."
    if not findings.comparisons:
        yield f"No arm was compared with {reference}."


def _comparison(comparison: Comparison) -> Iterator[str]:
    of_all = f"of {counted(len(comparison.tasks), 'task')}"
    who = f"Beside {comparison.reference}, over {counted(len(comparison.seeds), 'seed')}, {comparison.arm}"
    verbs: dict[Verdict, str] = {"helped": "helped", "hurt": "hurt", "mixed": "both helped and hurt"}
    for verdict, verb in verbs.items():
        tasks = [task for task in comparison.tasks if task.verdict == verdict]
        if tasks:
            yield f"{who} {verb} {len(tasks)} {of_all}: {listed([_sizes(task) for task in tasks])}."
            who = "It"
    tasks = [task for task in comparison.tasks if task.verdict == UNSEEN]
    if tasks:
        names = listed([task.task for task in tasks])
        yield f"{who} was not told apart on {len(tasks)} {of_all}, {names}; {_limits(tasks)}."


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
        return "with so few seeds a difference of any size would have stayed unseen"
    limits = [
        f"{number(task.visible)} ({'AUC' if task.sharper == 'auc' else 'final score'} of {task.task})"
        for task in tasks
        if math.isfinite(task.visible)
    ]
    if not limits:
        return "all seeds gave the same difference, so how small a one would be seen is not known"
    return f"differences smaller than {listed(limits)} may be there, since they would often stay unseen"


def _certainty(findings: Findings) -> str:
    passed = f": {_names(findings.passed)}" if findings.passed else ""
    unchecked = (
        f" Too few seeds to check {_names(findings.unchecked)}: take what is said with that much less trust."
        if findings.unchecked
        else ""
    )
    return (
        f"The instrument passed {counted(len(findings.passed), 'control')}{passed}.{unchecked} "
        "Brackets are 95 % intervals; what is called helped or hurt still holds after correction for all "
        "tasks and both metrics of an arm; limits are of differences that would be found four times in five."
    )


def _names(controls: Sequence[ControlVerdict]) -> str:
    return listed([f"“{control.name}”" for control in controls])
