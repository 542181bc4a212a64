"""What a run says of itself before it starts: its tasks, its network, its memory, and what may be unwise."""

from rich.console import Console

from cluster.address import join_address
from config.architecture import architecture
from config.memory import TablePlan, in_units, table_plans
from config.resolution import ResolvedRun
from network.seen import Seen, seen_parts
from network.sizes import EncoderSize, network_sizes
from tasks.spec import TaskSpec


def announce(console: Console, run: ResolvedRun, address: str | None) -> None:
    """Print the lines of a run that starts on this machine, or on the cluster at `address`."""
    config = run.config.on_one_machine() if address is None else run.config
    for line in start_lines(ResolvedRun(config, run.specs, run.warnings)):
        console.print(line, soft_wrap=True, highlight=False, markup=False)
    if config.metrics.port:
        served = join_address(config.metrics.host, config.metrics.port)
        console.print(f"metrics: http://{served}/metrics", highlight=False, markup=False)


def start_lines(run: ResolvedRun) -> list[str]:
    """Return two lines for each task, one for the network, one for replay, and one for each warning."""
    plans = table_plans(run.config, run.specs)
    encoders, parameters = network_sizes(run.specs, architecture(run.config))
    total = sum(plan.bytes for plan in plans)
    budget = in_units(run.config.replay.memory_budget)
    return [
        *(_of_replay(spec, plan, total) for spec, plan in zip(run.specs, plans, strict=True)),
        *(_of_encoder(spec, encoder) for spec, encoder in zip(run.specs, encoders, strict=True)),
        f"network: {parameters:,} parameters, the trunk and the heads included",
        f"replay takes {in_units(total)} in all; replay.memory_budget allows {budget}",
        *(f"warning: {warning}" for warning in run.warnings),
    ]


def _of_replay(spec: TaskSpec, plan: TablePlan, total: int) -> str:
    return (
        f"{spec.name}: {spec.env}, {_actions(spec)}, {spec.max_episode_steps:,} steps an episode "
        f"at most; replay keeps {plan.transitions:,} transitions ({in_units(plan.bytes)}, "
        f"{plan.bytes / total:.0%} of all) on {_shards(plan)}"
    )


def _actions(spec: TaskSpec) -> str:
    sizes = spec.choices.sizes
    if len(sizes) == 1:
        return f"{sizes[0]} actions"
    each = f"{sizes[0]}" if spec.choices.even else ", ".join(map(str, sizes))
    return f"actions of {len(sizes)} dimensions with {each} choices"


def _shards(plan: TablePlan) -> str:
    return f"shard{'s' if len(plan.shards) > 1 else ''} {', '.join(map(str, plan.shards))}"


def _of_encoder(spec: TaskSpec, encoder: EncoderSize) -> str:
    parts = [_of_part(seen, encoder) for seen in seen_parts(spec)]
    total = f"; {encoder.parameters:,} parameters in all" if len(parts) > 1 else ""
    return f"{spec.name}: {'; '.join(parts)}{total}"


def _of_part(seen: Seen, encoder: EncoderSize) -> str:
    part = seen.part
    what = f"values of the part {part.name!r}" if part.name else "observations"
    if part.kind == "indices":
        what += f" that name things, {sum(part.sizes) * seen.stack:,} in all, go through a table"
    elif part.kind == "words":
        what += f" of at most {part.shape[0]} words go through a convolution over words"
    else:
        scaled = " scaled by what is seen," if part.scale == "auto" else ""
        kind = "convolutions" if seen in encoder.convolved else "one linear layer"
        what += f" of shape {seen.shape}, {part.dtype},{scaled} go through {kind}"
    return f"{what} of {encoder.parts[seen]:,} parameters"
