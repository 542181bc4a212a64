"""Whether a cluster has slots for what a configuration asks for."""

from collections import Counter
from collections.abc import Sequence

from cluster.dashboard import ClusterNode
from cluster.node import node_command
from config.schema import RunConfig
from deploy.doctor.finding import Finding
from training.fleet import TASK_SLOT

NAME = "slots"
_OWNERS = {"replay": "the replay shards", "evaluator": "the evaluator"}


def slot_findings(config: RunConfig, nodes: Sequence[ClusterNode], address: str) -> list[Finding]:
    """Compare the slots of live nodes with the tasks, the shards and the evaluator of a run.

    A slot that is missing altogether is a problem; fewer than there should be actors, or some for tasks that
    the configuration lacks, are warnings.
    """
    offered: Counter[str] = Counter()
    for node in nodes:
        if node.alive:
            offered.update(node.slots)
    findings = [
        _missing(kind, needed, offered[kind], address)
        for kind, needed in _needed(config).items()
        if offered[kind] < needed
    ]
    findings += [
        _too_few(name, task.actors, offered[TASK_SLOT + name])
        for name, task in config.tasks.items()
        if task.actors is not None and 0 < offered[TASK_SLOT + name] < task.actors
    ]
    tasks = {kind.removeprefix(TASK_SLOT) for kind in offered if kind.startswith(TASK_SLOT)}
    findings += [_foreign(task, offered[TASK_SLOT + task]) for task in sorted(tasks - set(config.tasks))]
    listed = ", ".join(f"{kind}={count}" for kind, count in sorted(offered.items()))
    return findings or [Finding(NAME, "ok", listed)]


def _needed(config: RunConfig) -> dict[str, int]:
    tasks = {f"{TASK_SLOT}{name}": 1 for name in config.tasks}
    return {**tasks, "replay": config.replay.shards, "evaluator": 1}


def _missing(kind: str, needed: int, offered: int, address: str) -> Finding:
    owner = _OWNERS.get(kind) or f"task {kind.removeprefix(TASK_SLOT)!r} of the configuration"
    have = "no slot" if offered == 0 else f"{offered} of {needed} slots"
    return Finding(
        NAME,
        "problem",
        f"the cluster has {have} for {owner}",
        f"start a node with `{node_command(address, {kind: needed - offered})}`",
    )


def _too_few(task: str, actors: int, offered: int) -> Finding:
    what = f"tasks.{task}.actors is {actors}, but the cluster has slots for {offered}"
    return Finding(NAME, "warning", what, "start more nodes, or ask for fewer actors")


def _foreign(task: str, offered: int) -> Finding:
    what = f"{offered} slots are for task {task!r}, which the configuration does not have"
    return Finding(
        NAME,
        "warning",
        what,
        "stop these nodes, or correct the name of the task in their --slots or in the configuration",
    )
