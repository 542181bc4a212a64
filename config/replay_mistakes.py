"""What in a configuration contradicts how replay works: rates, sizes, numbers of shards."""

from config.memory import table_plans
from config.rates import least_error_buffer
from config.schema import RunConfig
from tasks.spec import TaskSpec


def replay_mistakes(config: RunConfig, specs: list[TaskSpec]) -> list[str]:
    """Return one sentence for each rate, size or number of shards that replay could not keep."""
    replay = config.replay
    mistakes = [
        f"replay.min_size_to_sample: {replay.min_size_to_sample} is not allowed: "
        f"it should be at most the capacity of task {plan.task!r}, {plan.transitions}"
        for plan in table_plans(config, specs)
        if replay.min_size_to_sample > plan.transitions
    ]
    for name, task in config.tasks.items():
        most = replay.shards if task.actors is None else min(replay.shards, task.actors)
        if task.shards is not None and task.shards > most:
            mistakes.append(
                f"tasks.{name}.shards: {task.shards} is not allowed: it should be at most {most}, "
                "the smaller of replay.shards and the task's actors, since an actor keeps to one shard"
            )
    if replay.error_buffer is not None:
        least = max(least_error_buffer(config, spec) for spec in specs)
        if replay.error_buffer < least:
            mistakes.append(
                f"replay.error_buffer: {replay.error_buffer:g} would deadlock: "
                f"it should be at least {least:g}, half of what one insert allows and one request takes"
            )
    return mistakes
