"""Turns counters into a status: rates, ratios, means over the interval since the last report."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from config.schema import RunConfig
from learner.probes.reading import ProbeReading, TaskReading, defined
from replay.messages import TableStats
from training.evaluation.judge import EvaluationResult
from training.fleet import Crew, Node
from training.status.progress import Progress
from training.status.records import CheckpointStatus, DiskStatus, RunStatus, ShardStatus, TaskStatus

Observer = Callable[[RunStatus], None]

SHORTEST_SECONDS = 0.25
"""Of an interval for rates: steps come in blocks, and over an instant a block would be an enormous rate."""


@dataclass(frozen=True)
class LearnerReadings:
    """What the training loop knows at one moment; the fields mean what they mean in `RunStatus`."""

    train_seconds: float
    learner_step: int
    weights_version: int
    phase_seconds: Mapping[str, float]
    losses: Mapping[str, float]
    weights: Mapping[str, float]
    plain_sums: int
    staleness: Mapping[str, float]
    checkpoints: int
    evaluations: int
    evaluation: EvaluationResult | None
    probes: ProbeReading | None
    tables: Mapping[str, TableStats]
    refused_blocks: int
    lost: Mapping[str, int]
    shards: list[ShardStatus]
    env_steps: Mapping[str, int]
    nodes: list[Node]
    node_deaths: int
    waiting_for: list[str]
    last_update_time: float | None
    last_checkpoint: CheckpointStatus
    notices: list[str]


@dataclass(frozen=True)
class _Mark:
    """How far the run had come at a report."""

    time: float
    learner_step: int
    env_steps: Mapping[str, int]


class Reporter:
    """Makes a `RunStatus` of readings and shard counters and hands it to every observer.

    Rates are over the time since the last report, or since the one before it where that was just now.
    """

    def __init__(
        self,
        config: RunConfig,
        capacities: Mapping[str, int],
        before: Progress,
        learner_step: int,
        observers: Sequence[Observer],
        clock: Callable[[], float],
        disk: Callable[[], DiskStatus | None] = lambda: None,
    ) -> None:
        self._config = config
        self._disk = disk
        self._capacities = capacities
        self._before = before
        self._observers = observers
        self._clock = clock
        env_steps = {task: before.env_steps.get(task, 0) for task in config.tasks}
        self._marks = deque([_Mark(clock(), learner_step, env_steps)])

    def report(self, readings: LearnerReadings, crew: Callable[[str], Crew]) -> RunStatus:
        """Make and hand out a status."""
        now = self._clock()
        since = self._since(now)
        interval = max(now - since.time, SHORTEST_SECONDS)
        status = RunStatus(
            train_seconds=self._before.train_seconds + readings.train_seconds,
            learner_step=readings.learner_step,
            updates_per_second=(readings.learner_step - since.learner_step) / interval,
            weights_version=readings.weights_version,
            phase_seconds=dict(readings.phase_seconds),
            checkpoints=readings.checkpoints,
            plain_sums=readings.plain_sums,
            refused_blocks=readings.refused_blocks,
            evaluations=readings.evaluations,
            dormant_share=None if readings.probes is None else defined(readings.probes.dormant_share),
            effective_rank=None if readings.probes is None else defined(readings.probes.effective_rank),
            tasks=[
                self._task(task, readings.tables[task], readings, crew(task), since, interval)
                for task in self._config.tasks
            ],
            shards=readings.shards,
            nodes=readings.nodes,
            node_deaths=readings.node_deaths,
            waiting_for=readings.waiting_for,
            last_update_time=readings.last_update_time,
            last_checkpoint=readings.last_checkpoint,
            checkpoint_period=self._config.checkpoint.period,
            disk=self._disk(),
            notices=readings.notices,
        )
        self._marks.append(_Mark(now, readings.learner_step, dict(readings.env_steps)))
        for observe in self._observers:
            observe(status)
        return status

    def _since(self, now: float) -> _Mark:
        """Return the last report that is long enough ago, or the first there was."""
        while len(self._marks) > 1 and now - self._marks[1].time >= SHORTEST_SECONDS:
            self._marks.popleft()
        return self._marks[0]

    def _task(
        self,
        name: str,
        table: TableStats,
        readings: LearnerReadings,
        crew: Crew,
        since: _Mark,
        interval: float,
    ) -> TaskStatus:
        env_steps = readings.env_steps[name]
        acting = table.acting_version
        needed = self._config.replay.min_size_to_sample
        owed = table.inserted - max(0, needed - table.restored)
        return TaskStatus(
            name=name,
            solved_at=self._config.tasks[name].solved_at,
            env_steps=env_steps,
            env_steps_per_second=(env_steps - since.env_steps[name]) / interval,
            table=table,
            replay_capacity=self._capacities[name],
            lost=readings.lost.get(name, 0),
            samples_per_insert=table.sampled / owed if owed > 0 else None,
            greedy_return=readings.evaluation.mean(name) if readings.evaluation else None,
            loss=readings.losses.get(name),
            weight=readings.weights[name],
            staleness=readings.staleness.get(name),
            probes=TaskReading() if readings.probes is None else readings.probes.of_task(name),
            samples_per_insert_target=self._config.replay.samples_per_insert,
            acting_staleness=None if acting is None else readings.weights_version - acting,
            crew=crew,
        )
