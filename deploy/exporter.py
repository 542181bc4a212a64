"""Prometheus metrics, pulled from the newest status; `docs/metrics.md` says what each means."""

from collections import Counter
from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from training.shard_supervision import ShardStatus
from training.status.records import RunStatus, TaskStatus


class MetricsExporter(Collector):
    """Makes metrics of the newest status that it was handed.

    registry.register(exporter)
    exporter(status)
    """

    def __init__(self) -> None:
        self._status: RunStatus | None = None

    def __call__(self, status: RunStatus) -> None:
        """Take over a newer status."""
        self._status = status

    def collect(self) -> Iterator[Metric]:
        """Yield every metric of one status; nothing before the first."""
        status = self._status
        if status is not None:
            yield from _learner_metrics(status)
            yield from _run_metrics(status)
            yield from _task_metrics(status.tasks)
            yield from _shard_metrics(status.shards)
            yield from _cluster_metrics(status)


def _learner_metrics(status: RunStatus) -> Iterator[Metric]:
    yield CounterMetricFamily("trunkline_learner_updates", "Optimizer updates", value=status.learner_step)
    phases = CounterMetricFamily(
        "trunkline_learner_phase_seconds", "Learner's time by phase since its first update", labels=["op"]
    )
    for phase, seconds in status.learner.phase_seconds.items():
        phases.add_metric([phase], seconds)
    yield phases
    yield GaugeMetricFamily("trunkline_weights_version", "Newest published version", status.weights_version)
    yield CounterMetricFamily("trunkline_checkpoints", "Checkpoints written", value=status.saving.checkpoints)
    yield CounterMetricFamily("trunkline_evaluations", "Finished evaluations", value=status.evaluations)
    yield CounterMetricFamily(
        "trunkline_plain_sums",
        "Updates without weights of the task weighting",
        value=status.learner.plain_sums,
    )
    yield CounterMetricFamily(
        "trunkline_blocks_refused", "Messages that replay refused", value=status.refused_blocks
    )
    waiting = GaugeMetricFamily(
        "trunkline_learner_waiting_for", "Whether the learner waits for the task", labels=["task"]
    )
    for task in status.tasks:
        waiting.add_metric([task.name], float(task.name in status.learner.waiting_for))
    yield waiting
    yield from _known(
        "trunkline_learner_gradient_norm", "Norm of the last gradient", status.learner.gradient_norm
    )
    yield from _known("trunkline_dormant_share", "Dormant units of the trunk", status.trunk.dormant_share)
    yield from _known(
        "trunkline_effective_rank", "Effective rank of its features", status.trunk.effective_rank
    )


def _run_metrics(status: RunStatus) -> Iterator[Metric]:
    yield from _known(
        "trunkline_last_update_timestamp_seconds", "Time of the last update", status.learner.last_update_time
    )
    yield from _known(
        "trunkline_checkpoint_period_updates", "Updates between checkpoints", status.saving.checkpoint_period
    )
    last = status.saving.last_checkpoint
    yield from _known("trunkline_last_checkpoint_updates", "Updates in the last one", last.learner_step)
    yield from _known("trunkline_last_checkpoint_timestamp_seconds", "Time of the last one", last.time)
    if status.disk is not None:
        disk = status.disk
        yield from _known("trunkline_run_disk_free_bytes", "Free where the run is kept", disk.free_bytes)
        yield from _known("trunkline_run_disk_bytes", "Size of where the run is kept", disk.total_bytes)


def _known(name: str, about: str, value: float | None) -> Iterator[Metric]:
    if value is not None:
        yield GaugeMetricFamily(name, about, value)


def _task_metrics(tasks: list[TaskStatus]) -> Iterator[Metric]:
    for name, about, value_of in _COUNTERS:
        counter = CounterMetricFamily(name, about, labels=["task"])
        for task in tasks:
            counter.add_metric([task.name], value_of(task))
        yield counter
    for name, about, reading_of in _GAUGES:
        gauge = GaugeMetricFamily(name, about, labels=["task"])
        for task in tasks:
            value = reading_of(task)
            if value is not None:
                gauge.add_metric([task.name], value)
        yield gauge
    drops = CounterMetricFamily(
        "trunkline_transitions_dropped", "Transitions not put in, by reason", labels=["task", "reason"]
    )
    for task in tasks:
        for reason in ("duplicate", "superseded"):
            drops.add_metric([task.name, reason], task.replay.table.dropped.get(reason, 0))
    yield drops


def _shard_metrics(shards: list[ShardStatus]) -> Iterator[Metric]:
    up = GaugeMetricFamily("trunkline_shard_up", "Whether the shard answers", labels=["shard"])
    memory = GaugeMetricFamily("trunkline_replay_memory_bytes", "Memory of its tables", labels=["shard"])
    restarts = CounterMetricFamily("trunkline_shard_restarts", "Times that it was replaced", labels=["shard"])
    for shard in shards:
        name = [str(shard.index)]
        up.add_metric(name, float(shard.up))
        memory.add_metric(name, shard.memory_bytes)
        restarts.add_metric(name, shard.restarts)
    yield from (up, memory, restarts)


def _cluster_metrics(status: RunStatus) -> Iterator[Metric]:
    states = Counter(node.state for node in status.cluster.nodes)
    for name, about, value in (
        ("trunkline_nodes", "Nodes in service", states["in service"]),
        ("trunkline_nodes_draining", "Nodes that drain", states["draining"]),
        ("trunkline_nodes_refused", "Nodes of another version", states["refused"]),
        ("trunkline_foreign_slots", "Slots for tasks of other runs", sum(status.foreign_slots.values())),
    ):
        yield GaugeMetricFamily(name, about, value)
    yield CounterMetricFamily("trunkline_node_deaths", "Nodes that died", value=status.cluster.node_deaths)


_COUNTERS: tuple[tuple[str, str, Callable[[TaskStatus], float]], ...] = (
    ("trunkline_env_steps", "Environment steps that reached replay", lambda task: task.env_steps),
    ("trunkline_episodes", "Finished episodes", lambda task: task.replay.table.episodes),
    ("trunkline_inserts", "Transitions put into replay", lambda task: task.replay.table.inserted),
    ("trunkline_evictions", "Transitions overwritten by newer ones", lambda task: task.replay.table.evicted),
    ("trunkline_samples", "Transitions drawn from replay", lambda task: task.replay.table.sampled),
    ("trunkline_inserts_throttled", "Inserts held back", lambda task: task.replay.table.throttled),
    (
        "trunkline_stale_priority_updates",
        "Late priority updates",
        lambda task: task.replay.table.stale_updates,
    ),
    (
        "trunkline_invalid_priority_updates",
        "Unusable priorities",
        lambda task: task.replay.table.invalid_updates,
    ),
    ("trunkline_transitions_lost", "Transitions lost with shards", lambda task: task.replay.lost),
    ("trunkline_actor_restarts", "Actors replaced", lambda task: task.crew.restarts),
)

_GAUGES: tuple[tuple[str, str, Callable[[TaskStatus], float | None]], ...] = (
    (
        "trunkline_episode_return",
        "Mean return of recent episodes",
        lambda task: task.replay.table.recent_return,
    ),
    ("trunkline_greedy_return", "Mean return of the last evaluation", lambda task: task.greedy_return),
    ("trunkline_replay_transitions", "Transitions that can be drawn", lambda task: task.replay.table.items),
    (
        "trunkline_replay_capacity_transitions",
        "Transitions to keep",
        lambda task: task.replay.replay_capacity,
    ),
    (
        "trunkline_samples_per_insert_ratio",
        "Measured replay ratio",
        lambda task: task.replay.samples_per_insert,
    ),
    (
        "trunkline_weights_staleness_versions",
        "Staleness of sampled data",
        lambda task: task.learning.staleness,
    ),
    ("trunkline_task_weight", "What the task weighting gives the task", lambda task: task.learning.weight),
    ("trunkline_loss", "Mean TD loss since the last report", lambda task: task.learning.loss),
    ("trunkline_gradient_share", "Share of gradient lengths", lambda task: task.probes.gradient_share),
    ("trunkline_gradient_cosine", "Mean cosine with other tasks", lambda task: task.probes.gradient_cosine),
    ("trunkline_gradient_conflict_share", "Tasks in conflict", lambda task: task.probes.conflict_share),
    ("trunkline_lesion_share", "Actions that need the trunk", lambda task: task.probes.lesion_share),
    ("trunkline_actors", "Actors at work", lambda task: task.crew.at_work),
    ("trunkline_actors_wanted", "Actors that there should be", lambda task: task.crew.wanted),
    ("trunkline_actors_quarantined", "Actors that rest", lambda task: task.crew.quarantined),
    ("trunkline_actor_slots", "Slots for its actors", lambda task: task.crew.slots),
    (
        "trunkline_samples_per_insert_target",
        "Replay ratio that is kept",
        lambda task: task.replay.samples_per_insert_target,
    ),
    (
        "trunkline_acting_staleness_versions",
        "Staleness of the data that arrives",
        lambda task: task.replay.acting_staleness,
    ),
)
