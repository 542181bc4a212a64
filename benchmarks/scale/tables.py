"""Costs, plans and checks as text for people."""

from collections.abc import Sequence

from benchmarks.scale.checking import Checked
from benchmarks.scale.costs import Costs
from benchmarks.scale.sizing import Plan
from benchmarks.scale.stations import ACTING


def costs_table(costs: Costs) -> str:
    """Return the costs as a table in Markdown."""
    shape = costs.shape
    cut = (
        f"blocks of {shape.block_items} transitions, batches of {shape.batch_size}, "
        f"{shape.batches_per_request} a request"
    )
    rows = [
        f"| {label} | {value:,.{3 if unit == 'cores' else 2}f} {unit} |"
        for label, value, unit in costs.labelled()
    ]
    return "\n".join([f"| cost ({cut}) | |", "|---|---|", *rows])


def plans_table(plans: Sequence[Plan]) -> str:
    """Return the plans as a table in Markdown."""
    heading = (
        "actors",
        "samples per insert",
        "shards",
        "env steps/s demanded",
        "served",
        "updates/s",
        "learner's Gbit/s in, out",
        "first bottleneck",
        "next, and how busy",
        "what to do",
    )
    lines = ["| " + " | ".join(heading) + " |", "|" + "---|" * len(heading)]
    for plan in plans:
        name, busy = plan.busiest
        cells = (
            f"{plan.setting.actors:,}",
            f"{plan.setting.samples_per_insert:.3g}",
            f"{plan.setting.shards}",
            f"{plan.demanded:,.0f}",
            f"{plan.served:,.0f}",
            f"{plan.updates:,.1f}",
            f"{plan.learner_gbits[0]:.2g}, {plan.learner_gbits[1]:.2g}",
            "none: all actors at work" if plan.bottleneck == ACTING else plan.bottleneck,
            f"{name}, {busy:.0%}",
            plan.advice,
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def checks_table(checks: Sequence[Checked]) -> str:
    """Return what was measured beside what was predicted, as a table in Markdown."""
    lines = [
        "| actors | shards | samples per insert | cores taken by others | env steps/s measured | predicted "
        "| measured / predicted | updates/s measured | predicted | predicted bottleneck |",
        "|" + "---|" * 10,
    ]
    for check in checks:
        setting = check.setting
        lines.append(
            f"| {setting.actors} | {setting.shards} | {setting.samples_per_insert:g} | {check.others:.2f} "
            f"| {check.measured_steps:,.0f} | {check.predicted_steps:,.0f} | {check.ratio:.2f} "
            f"| {check.measured_updates:,.0f} | {check.predicted_updates:,.0f} | {check.bottleneck} |"
        )
    return "\n".join(lines)
