"""What holds after every fault, and at the end, however a cluster was hurt: sentences for what does not."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from tests.chaos.faults import Fault
from tests.chaos.watch import Sight, longest_standstill


def broken_by(
    fault: Fault, sights: list[Sight], begin: float, end: float, learner_starts: int
) -> Iterator[str]:
    """Yield a sentence for everything that a fault broke and should not have.

    Args:
        fault: what happened.
        sights: what was seen, from the last moment before it until all was calm again.
        begin: when it began, on the monotonic clock.
        end: when all was calm again, on the same.
        learner_starts: how often the learner's process began in that time.
    """
    stood = longest_standstill(sights, begin, end)
    if stood > fault.bound_seconds:
        yield f"env steps stood still for {stood:.1f} s, and may for {fault.bound_seconds:.0f} s"
    if learner_starts != int(fault.ends_learner):
        yield f"the learner began {learner_starts} times, and should have {int(fault.ends_learner)} times"
    yield from _went_back(fault, sights)
    if not fault.ends_replay and not fault.ends_learner and sights[-1].lost > sights[0].lost:
        yield f"{sights[-1].lost - sights[0].lost} transitions were lost with shards that live"


def _went_back(fault: Fault, sights: list[Sight]) -> Iterator[str]:
    for earlier, later in pairwise(sights):
        least = earlier.checkpoint_step if fault.ends_learner else earlier.learner_step
        if later.learner_step < least:
            yield f"the learner's step went from {earlier.learner_step} back to {later.learner_step}"
        for task, steps in earlier.env_steps.items():
            if later.env_steps[task] < steps and not fault.ends_learner:
                yield f"env steps of {task} went from {steps} back to {later.env_steps[task]}"


def unsettled(summary: dict[str, Any]) -> Iterator[str]:
    """Yield a sentence for everything in a run's last summary that does not add up."""
    if summary["stopped_by"] != "interrupted":
        yield f"the run was stopped by {summary['stopped_by']}, and should have been interrupted"
    if not summary["replay_saved"]:
        yield "replay was not saved in the end"
    for name, task in summary["tasks"].items():
        account = task["transitions"]
        if account["problem"] is not None:
            yield f"{name}: {account['problem']}"
        known = sum(account[what] for what in ("inserted", "superseded", "abandoned", "missing"))
        if account["sent"] != known:
            yield f"{name}: {account['sent']} transitions were sent, {known} are accounted for"
        if account["missing"] and not account["lost"]:
            yield f"{name}: {account['missing']} transitions are missing, and no shard was lost"
