"""What a run says of itself: plain values, which panel, files and metrics read.

Each part of a status is a record that stands beside whoever knows its numbers, and fills it. A number that is
new is one more field there, and is told in JSON by that; `deploy/exporter.py` makes a metric of it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from learner.probes.reading import TaskReading
from training.evaluation.probing import TrunkReading
from training.fleet import VERSION, ClusterStatus, Crew, task_slots
from training.saving import SavingStatus
from training.shard_supervision import ShardStatus
from training.status.replay_status import TaskReplay
from training.update_log import LearnerStatus, TaskLearning


@dataclass(frozen=True)
class TaskStatus:
    """One task at one moment.

    Attributes:
        name: the task.
        solved_at: greedy mean return at which it counts as solved; None if it has none.
        env_steps: environment steps that reached replay, over all lives of the run.
        replay: what replay holds of it.
        greedy_return: mean of the last evaluation; None before the first.
        learning: what updates show of it.
        probes: what the last reading of the probes says of it.
        crew: its actors.
        env_steps_per_second: over the last report's interval.
    """

    name: str
    solved_at: float | None
    env_steps: int
    replay: TaskReplay
    greedy_return: float | None
    learning: TaskLearning
    probes: TaskReading
    crew: Crew
    env_steps_per_second: float = 0.0


@dataclass(frozen=True)
class DiskStatus:
    """The file system of the run's directory, in bytes."""

    free_bytes: int
    total_bytes: int


@dataclass(frozen=True)
class RunStatus:
    """A run at one moment.

    Attributes:
        train_seconds: since the first env step, over all lives of the run.
        learner: its updates.
        weights_version: newest version published.
        saving: its checkpoints.
        refused_blocks: messages that replay refused.
        evaluations: finished evaluations.
        trunk: what the last reading of the probes says of the trunk.
        tasks: in the order of the configuration.
        shards: in the order of their indices.
        cluster: where it runs.
        disk: of the run's directory; None if it has none.
        updates_per_second: over the last report's interval.
    """

    train_seconds: float
    learner: LearnerStatus
    weights_version: int
    saving: SavingStatus
    refused_blocks: int
    evaluations: int
    trunk: TrunkReading
    tasks: list[TaskStatus]
    shards: list[ShardStatus]
    cluster: ClusterStatus
    disk: DiskStatus | None
    updates_per_second: float = 0.0

    @property
    def learner_step(self) -> int:
        """Updates done."""
        return self.learner.learner_step

    @property
    def env_steps(self) -> int:
        """Environment steps of all tasks."""
        return sum(task.env_steps for task in self.tasks)

    @property
    def update_fraction(self) -> float | None:
        """Share of the learner's time that went into updates, since its first; None before that."""
        total = sum(self.learner.phase_seconds.values())
        return self.learner.phase_seconds["update"] / total if total else None

    @property
    def foreign_slots(self) -> dict[str, int]:
        """Slots for tasks that the run does not have."""
        own = {task.name for task in self.tasks}
        return {task: count for task, count in task_slots(self.cluster.nodes).items() if task not in own}

    def warnings(self) -> list[str]:
        """Return a sentence for everything about tasks, slots, nodes and shards that needs attention."""
        sentences = list(self.learner.notices)
        for task in self.tasks:
            crew = task.crew
            if crew.wanted > crew.slots or crew.slots == 0:
                sentences.append(
                    f"{task.name}: actors wanted: {max(crew.wanted, 1)}, slots for them: {crew.slots}; "
                    f"start nodes with --slots task:{task.name}=COUNT, or scale the task's service up"
                )
            if crew.quarantined:
                sentences.append(
                    f"{task.name}: actors that died again and again, and rest before the next try: "
                    f"{crew.quarantined}"
                )
        for name, count in self.foreign_slots.items():
            sentences.append(f"slots for task {name!r}, which this run does not have: {count}")
        sentences += [
            f"node {node.host} has trunkline {node.version}, and this run has {VERSION}: "
            "no process of the run starts there"
            for node in self.cluster.nodes
            if node.state == "refused"
        ]
        sentences += [shard.trouble for shard in self.shards if shard.trouble is not None]
        if self.learner.waiting_for:
            sentences.append(f"the learner waits for transitions of {', '.join(self.learner.waiting_for)}")
        return sentences

    def as_json(self) -> dict[str, Any]:
        """Return what JSON says of it, in `/status` and in `metrics.jsonl`.

        Whose number it is does not matter to a reader: the learner's stand beside the run's own, and so on.
        """
        said = _spread(asdict(self), "learner", "saving", "trunk", "cluster")
        said["tasks"] = [_spread(task, "replay", "learning") for task in said["tasks"]]
        return said


def _spread(record: Mapping[str, Any], *parts: str) -> dict[str, Any]:
    """Return a record with the fields of some of its parts in the place of the parts."""
    spread: dict[str, Any] = {}
    for name, value in record.items():
        spread |= value if name in parts else {name: value}
    return spread
