"""Says while a run trains that its rewards are of sizes which it may not learn from as they are.

Without a value scale, TD errors are in the unit of the rewards. Of two tasks in one trunk, the one whose
errors are far smaller has next to no say in the gradient. A task whose returns are in the millions is out of
reach by itself: a step of Adam moves a value by little, whatever the size of its error.
"""

import math
from collections.abc import Iterator, Mapping

from config.schema import RunConfig

MOST_TIMES = 50.0
"""So many times as large may the rewards of one task be as those of another."""
SMALLEST, LARGEST = 1e-3, 1e3
"""Between these the largest n-step reward of a task should be."""
ENOUGH_LOOKS = 20
"""Updates that have to be looked at before anything is said: rewards may be sparse."""


def reward_notices(config: RunConfig, largest: Mapping[str, float], looks: int) -> list[str]:
    """Return a sentence if rewards differ too much between tasks, or else if one task's are out of bounds.

    Nothing is said under a value scale, which mends both, nor of a task that was not paid yet.

    Args:
        config: the run's.
        largest: |n-step reward| of each task.
        looks: how many updates that is from.
    """
    paid = {task: size for task, size in largest.items() if size > 0 and math.isfinite(size)}
    if config.learner.value_scale != "none" or looks < ENOUGH_LOOKS or not paid:
        return []
    return list(_sentences(config, paid))[:1]


def _sentences(config: RunConfig, paid: Mapping[str, float]) -> Iterator[str]:
    most, least = max(paid, key=paid.__getitem__), min(paid, key=paid.__getitem__)
    times, rewards = paid[most] / paid[least], f"{config.replay.n_step}-step rewards"
    if times >= MOST_TIMES and config.network.sharing != "separate":
        yield (
            f"the largest {rewards} are {paid[most]:.3g} in {most} and {paid[least]:.3g} in {least}, "
            f"which is {_rounded(times)} times less: one of the two tasks may not be learned; "
            f"{_advice(config, most)} brings them to one scale"
        )
    for task in (most, least):
        if not SMALLEST <= paid[task] <= LARGEST:
            yield (
                f"the largest {rewards} of {task} are {paid[task]:.3g}, and {SMALLEST:g} to {LARGEST:g} is "
                "usual: the task may not be learned; "
                f"{_advice(config, task)} brings them to a usual scale"
            )


def _advice(config: RunConfig, task: str) -> str:
    """Return the setting that helps; one head for all tasks cannot have scales of their own."""
    return f"tasks.{task}.reward_scale" if config.network.tied_ends else "learner.value_scale=return_range"


def _rounded(times: float) -> str:
    """Return a ratio in two digits, as people write it."""
    return f"{float(f'{times:.2g}'):,.0f}"
