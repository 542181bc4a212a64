"""Costs, plans and checks as text for people."""

from collections.abc import Sequence
from dataclasses import asdict

from benchmarks.scale.checking import Checked
from benchmarks.scale.costs import Costs
from benchmarks.scale.sizing import Plan
from benchmarks.scale.stations import ACTING

_MICROSECONDS = {
    "step": "an env step of an actor",
    "step_cpu": "of those, CPU",
    "insert": "a block's insert, at the shard",
    "sample_call": "a request of a sample, at the shard",
    "sample_item": "each transition of it, its new priority included",
    "fetch_call": "a shard's answer, beside the learner's thread",
    "fetch_item": "each transition of that answer",
    "take_draw": "a request, in the learner's thread",
    "take_call": "each shard's answer to it",
    "take_item": "each transition of that request",
    "merge_item": "each transition more, with several shards",
    "update": "an update",
    "publish": "a version of the weights, in the learner's thread",
    "pull": "a pull, at the weights board",
    "load": "a pull, at the actor",
    "reading": "a reading of one shard's counters",
    "reading_life": "each actor's entry in it",
    "look": "an actor in one look of the crew's roster",
}
_BYTES = {"block_bytes": "a block", "item_bytes": "a transition of a sample", "weights_bytes": "the weights"}


def costs_table(costs: Costs) -> str:
    """Return the costs as a table in Markdown."""
    values, shape = asdict(costs), costs.shape
    rows = [f"| {what} | {values[name] * 1e6:,.2f} µs |" for name, what in _MICROSECONDS.items()]
    rows += [f"| {what} | {values[name] / 1e3:,.2f} kB |" for name, what in _BYTES.items()]
    rows.append(f"| Ray's own processes | {costs.background:.3f} cores |")
    cut = (
        f"blocks of {shape.block_items} transitions, batches of {shape.batch_size}, "
        f"{shape.batches_per_request} a request"
    )
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
