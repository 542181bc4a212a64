"""What a run says of itself before it starts: its tasks, its network, its memory, and what may be unwise."""

from rich.console import Console

from deploy.config.memory import TablePlan, in_units, table_plans
from deploy.config.resolution import ResolvedRun
from deploy.network_parts import architecture
from network.build import EncoderSize, network_sizes
from tasks.spec import TaskSpec


def announce(console: Console, run: ResolvedRun, address: str | None) -> None:
    """Print the lines of a run that starts on this machine, or on the cluster at `address`."""
    config = run.config.on_one_machine() if address is None else run.config
    for line in start_lines(ResolvedRun(config, run.specs, run.warnings)):
        console.print(line, soft_wrap=True, highlight=False, markup=False)
    if config.metrics.port:
        console.print(f"metrics: http://{config.metrics.host}:{config.metrics.port}/metrics", highlight=False)


def start_lines(run: ResolvedRun) -> list[str]:
    """Return a line for each task, one for the network, one for replay, and one for each warning."""
    plans = table_plans(run.config, run.specs)
    encoders, parameters = network_sizes(run.specs, architecture(run.config))
    total = sum(plan.bytes for plan in plans)
    budget = in_units(run.config.replay.memory_budget)
    return [
        *(
            _of_task(spec, plan, encoder, total)
            for spec, plan, encoder in zip(run.specs, plans, encoders, strict=True)
        ),
        f"network: {parameters:,} parameters, the trunk and the heads included",
        f"replay in all: {in_units(total)} of {budget} that it may take",
        *(f"warning: {warning}" for warning in run.warnings),
    ]


def _of_task(spec: TaskSpec, plan: TablePlan, encoder: EncoderSize, total: int) -> str:
    kind = "convolutions" if encoder.convolves else "one linear layer"
    shards = ", ".join(map(str, plan.shards))
    return (
        f"{spec.name}: {spec.env}, {spec.num_actions} actions, episodes of {spec.max_episode_steps:,} steps at "
        f"most; observations of shape {spec.observation_shape}, {spec.observation_dtype}; encoder: {kind}, "
        f"{encoder.parameters:,} parameters; replay of {plan.transitions:,} transitions in "
        f"{in_units(plan.bytes)}, {plan.bytes / total:.0%} of all, on shards {shards}"
    )
