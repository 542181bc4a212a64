"""Whether the memory that replay is to take is there, and which settings fit where it is not."""

from collections.abc import Sequence

from config.memory import TablePlan, in_units, table_plans
from config.schema import RunConfig
from tasks.spec import TaskSpec

MIB = 2**20


def memory_mistakes(config: RunConfig, specs: Sequence[TaskSpec], machine_bytes: int) -> list[str]:
    """Return a sentence for a budget that the machine does not have, or that the plan exceeds."""
    budget = config.replay.memory_budget
    if budget > machine_bytes:
        return [
            f"replay.memory_budget: {in_units(budget)} is more than this machine has; "
            f"it should be at most {machine_bytes // MIB}MiB"
        ]
    plans = table_plans(config, list(specs))
    needed = _bytes(plans)
    if needed <= budget:
        return []
    parts = ", ".join(
        f"{plan.task} {plan.transitions:,} transitions in {in_units(plan.bytes)}" for plan in plans
    )
    return [
        f"replay.capacity: the tables take {in_units(needed)} ({parts}), more than replay.memory_budget, "
        f"{in_units(budget)}; what fits is {_what_fits(config, specs, needed, machine_bytes)}"
    ]


def fitting_capacity(config: RunConfig, specs: Sequence[TaskSpec], task: str | None) -> int | None:
    """Return the largest capacity in transitions that the budget has room for, rounded down to two digits.

    Args:
        config: whose budget it is.
        specs: its tasks.
        task: whose own capacity is meant; None for `replay.capacity`. All others stay as they are.

    Returns:
        The capacity; None if none fits that is large enough to learn from.
    """

    def fits(capacity: int) -> bool:
        changed = _with_capacity(config, task, capacity)
        return _bytes(table_plans(changed, list(specs))) <= config.replay.memory_budget

    low, high = 0, config.replay.memory_budget
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    step: int = 10 ** max(0, len(str(low)) - 2)
    rounded = low - low % step
    return rounded if rounded >= config.replay.min_size_to_sample else None


def _what_fits(config: RunConfig, specs: Sequence[TaskSpec], needed: int, machine_bytes: int) -> str:
    own = [name for name, task in config.tasks.items() if task.capacity is not None]
    fields = {"replay.capacity": None} | {f"tasks.{name}.capacity": name for name in own}
    capacities = {field: fitting_capacity(config, specs, task) for field, task in fields.items()}
    settings = [f"{field}={capacity}" for field, capacity in capacities.items() if capacity is not None]
    budget = -(-needed // MIB)
    if budget * MIB <= machine_bytes:
        settings.append(f"replay.memory_budget={budget}MiB")
    return " or ".join(settings) or "smaller observations, fewer tasks, or more memory"


def _with_capacity(config: RunConfig, task: str | None, capacity: int) -> RunConfig:
    if task is None:
        replay = config.replay.model_copy(update={"capacity": capacity})
        return config.model_copy(update={"replay": replay})
    own = config.tasks[task].model_copy(update={"capacity": capacity})
    return config.model_copy(update={"tasks": config.tasks | {task: own}})


def _bytes(plans: Sequence[TablePlan]) -> int:
    return sum(plan.bytes for plan in plans)
