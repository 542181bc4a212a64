"""What a run says of itself: plain values, which panel, files and metrics read."""

from collections.abc import Mapping
from dataclasses import dataclass

from learner.probes.reading import TaskReading
from replay.messages import TableStats
from training.fleet import VERSION, Crew, Node, task_slots


@dataclass(frozen=True)
class TaskStatus:
    """One task at one moment.

    Attributes:
        name: the task.
        solved_at: greedy mean return at which it counts as solved; None if it has none.
        env_steps: environment steps that reached replay, over all lives of the run.
        env_steps_per_second: over the last report's interval.
        table: counters of its replay, over all shards.
        replay_capacity: transitions that it keeps at most.
        lost: transitions that were on shards when they died.
        samples_per_insert: measured ratio, beyond the items that fill the table before sampling.
        greedy_return: mean of the last evaluation; None before the first.
        loss: mean since the last report; None if there was no update.
        weight: what the task weighting gives the task; 1 counts as in the plain sum.
        staleness: weights versions between acting and learning, over the last update; None before it.
        probes: what the last reading of the probes says of it.
        samples_per_insert_target: the ratio that is kept; None without a limit.
        acting_staleness: weights versions published since the one that acted in the last block put in; None
            before the first.
        crew: its actors.
    """

    name: str
    solved_at: float | None
    env_steps: int
    env_steps_per_second: float
    table: TableStats
    replay_capacity: int
    lost: int
    samples_per_insert: float | None
    greedy_return: float | None
    loss: float | None
    weight: float
    staleness: float | None
    probes: TaskReading
    samples_per_insert_target: float | None
    acting_staleness: int | None
    crew: Crew


@dataclass(frozen=True)
class ShardStatus:
    """One replay shard at one moment.

    Attributes:
        index: which it is.
        up: whether it answers.
        restarts: how often it was replaced.
        memory_bytes: memory of its tables.
        trouble: what is waited for while it does not answer; None if all is well.
    """

    index: int
    up: bool
    restarts: int
    memory_bytes: int
    trouble: str | None = None


@dataclass(frozen=True)
class CheckpointStatus:
    """The last checkpoint: of which learner step, and when in Unix time."""

    learner_step: int
    time: float


@dataclass(frozen=True)
class DiskStatus:
    """The file system of the run's directory, in bytes."""

    free_bytes: int
    total_bytes: int


@dataclass(frozen=True)
class RunStatus:
    """A run at one moment.

    Attributes:
        train_seconds: since the first env step.
        learner_step: updates done.
        updates_per_second: over the last report's interval.
        weights_version: newest version published.
        phase_seconds: learner's time by phase since its first update: waiting, probing, update, publishing,
            other.
        checkpoints: checkpoints written in this life.
        plain_sums: updates for which the task weighting found no weights.
        refused_blocks: messages that replay refused.
        evaluations: finished evaluations.
        dormant_share: of the trunk's units, by the last reading of the probes; None before it.
        effective_rank: of the trunk's features, by the same.
        tasks: in the order of the configuration.
        shards: in the order of their indices.
        nodes: of the cluster.
        node_deaths: nodes that died.
        waiting_for: tasks for whose transitions the learner has been waiting for a while.
        last_update_time: Unix time of the last update; None before the first.
        last_checkpoint: the last one; before the first, what this life began with.
        checkpoint_period: updates between checkpoints.
        disk: of the run's directory; None if it has none.
        notices: a sentence for each thing about the tasks that may keep them from being learned.
    """

    train_seconds: float
    learner_step: int
    updates_per_second: float
    weights_version: int
    phase_seconds: Mapping[str, float]
    checkpoints: int
    plain_sums: int
    refused_blocks: int
    evaluations: int
    dormant_share: float | None
    effective_rank: float | None
    tasks: list[TaskStatus]
    shards: list[ShardStatus]
    nodes: list[Node]
    node_deaths: int
    waiting_for: list[str]
    last_update_time: float | None
    last_checkpoint: CheckpointStatus
    checkpoint_period: int
    disk: DiskStatus | None
    notices: list[str]

    @property
    def env_steps(self) -> int:
        """Environment steps of all tasks."""
        return sum(task.env_steps for task in self.tasks)

    @property
    def update_fraction(self) -> float | None:
        """Share of the learner's time that went into updates, since its first; None before that."""
        total = sum(self.phase_seconds.values())
        return self.phase_seconds["update"] / total if total else None

    @property
    def foreign_slots(self) -> dict[str, int]:
        """Slots for tasks that the run does not have."""
        own = {task.name for task in self.tasks}
        return {task: count for task, count in task_slots(self.nodes).items() if task not in own}

    def warnings(self) -> list[str]:
        """Return a sentence for everything about tasks, slots, nodes and shards that should be put right."""
        sentences = list(self.notices)
        for task in self.tasks:
            crew = task.crew
            if crew.wanted > crew.slots or crew.slots == 0:
                sentences.append(
                    f"{task.name}: {max(crew.wanted, 1)} actors wanted, {crew.slots} slots there: "
                    f"start nodes with --slots task:{task.name}=COUNT, or scale its service up"
                )
            if crew.quarantined:
                sentences.append(f"{task.name}: {crew.quarantined} actors died again and again and rest")
        for name, count in self.foreign_slots.items():
            sentences.append(f"{count} slots are for task {name!r}, which this run does not have")
        sentences += [
            f"node {node.host} has trunkline {node.version}, this run has {VERSION}: nothing is started there"
            for node in self.nodes
            if node.state == "refused"
        ]
        sentences += [shard.trouble for shard in self.shards if shard.trouble is not None]
        if self.waiting_for:
            sentences.append(f"the learner waits for transitions of {', '.join(self.waiting_for)}")
        return sentences
