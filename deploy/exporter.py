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
    yield CounterMetricFamily(
        "trunkline_learner_updates", "Optimizer updates over all lives", value=status.learner_step
    )
    phases = CounterMetricFamily(
        "trunkline_learner_phase_seconds",
        "Wall time of the learner by phase, since its first update",
        labels=["op"],
    )
    for phase, seconds in status.learner.phase_seconds.items():
        phases.add_metric([phase], seconds)
    yield phases
    yield GaugeMetricFamily(
        "trunkline_weights_version", "Newest published version of the weights", status.weights_version
    )
    yield CounterMetricFamily(
        "trunkline_checkpoints", "Checkpoints written in this life", value=status.saving.checkpoints
    )
    yield CounterMetricFamily(
        "trunkline_replay_saves_skipped",
        "Checkpoints without a save of replay, since the one before was not finished",
        value=status.saving.replay_saves_skipped,
    )
    yield CounterMetricFamily(
        "trunkline_evaluations", "Finished evaluations in this life", value=status.evaluations
    )
    yield CounterMetricFamily(
        "trunkline_plain_sums",
        "Updates, over all lives, in which the task weighting fell back to the plain sum",
        value=status.learner.plain_sums,
    )
    yield CounterMetricFamily(
        "trunkline_blocks_refused",
        "Messages that replay could not decode or store",
        value=status.refused_blocks,
    )
    waiting = GaugeMetricFamily(
        "trunkline_learner_waiting_for",
        "1 while the learner waits for transitions of the task",
        labels=["task"],
    )
    for task in status.tasks:
        waiting.add_metric([task.name], float(task.name in status.learner.waiting_for))
    yield waiting
    yield from _known(
        "trunkline_learner_gradient_norm", "Norm of the last gradient", status.learner.gradient_norm
    )
    yield from _known(
        "trunkline_dormant_share",
        "Share of the trunk's output units that are dormant",
        status.trunk.dormant_share,
    )
    yield from _known(
        "trunkline_effective_rank", "Effective rank of the trunk's features", status.trunk.effective_rank
    )


def _run_metrics(status: RunStatus) -> Iterator[Metric]:
    yield from _known(
        "trunkline_last_update_timestamp_seconds", "Time of the last update", status.learner.last_update_time
    )
    yield from _known(
        "trunkline_checkpoint_period_updates", "Updates between checkpoints", status.saving.checkpoint_period
    )
    last = status.saving.last_checkpoint
    yield from _known(
        "trunkline_last_checkpoint_updates", "Updates that the last checkpoint contains", last.learner_step
    )
    yield from _known("trunkline_last_checkpoint_timestamp_seconds", "Time of the last checkpoint", last.time)
    if status.disk is not None:
        disk = status.disk
        yield from _known(
            "trunkline_run_disk_free_bytes",
            "Free space on the file system of the run directory",
            disk.free_bytes,
        )
        yield from _known(
            "trunkline_run_disk_bytes", "Size of the file system of the run directory", disk.total_bytes
        )


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
        "trunkline_transitions_dropped",
        "Transitions that arrived and were not inserted, by reason",
        labels=["task", "reason"],
    )
    for task in tasks:
        for reason in ("duplicate", "superseded"):
            drops.add_metric([task.name, reason], task.replay.table.dropped.get(reason, 0))
    yield drops


def _shard_metrics(shards: list[ShardStatus]) -> Iterator[Metric]:
    up = GaugeMetricFamily("trunkline_shard_up", "1 while the shard answers, else 0", labels=["shard"])
    memory = GaugeMetricFamily(
        "trunkline_replay_memory_bytes", "Allocated memory of the shard's tables", labels=["shard"]
    )
    restarts = CounterMetricFamily(
        "trunkline_shard_restarts", "Times that the shard was replaced", labels=["shard"]
    )
    dropped = CounterMetricFamily(
        "trunkline_priority_updates_dropped",
        "New priorities that could not be sent to the shard",
        labels=["shard"],
    )
    for shard in shards:
        name = [str(shard.index)]
        up.add_metric(name, float(shard.up))
        memory.add_metric(name, shard.memory_bytes)
        restarts.add_metric(name, shard.restarts)
        dropped.add_metric(name, shard.dropped_updates)
    yield from (up, memory, restarts, dropped)


def _cluster_metrics(status: RunStatus) -> Iterator[Metric]:
    states = Counter(node.state for node in status.cluster.nodes)
    for name, about, value in (
        ("trunkline_nodes", "Nodes in service", states["in service"]),
        ("trunkline_nodes_draining", "Nodes that are about to leave", states["draining"]),
        ("trunkline_nodes_refused", "Nodes with another version of trunkline", states["refused"]),
        (
            "trunkline_foreign_slots",
            "Slots for tasks that the run does not have",
            sum(status.foreign_slots.values()),
        ),
    ):
        yield GaugeMetricFamily(name, about, value)
    yield CounterMetricFamily(
        "trunkline_node_deaths", "Nodes that left without draining", value=status.cluster.node_deaths
    )


_COUNTERS: tuple[tuple[str, str, Callable[[TaskStatus], float]], ...] = (
    ("trunkline_env_steps", "Env steps that reached replay, over all lives", lambda task: task.env_steps),
    ("trunkline_episodes", "Finished episodes that actors reported", lambda task: task.replay.table.episodes),
    ("trunkline_inserts", "Transitions put into replay", lambda task: task.replay.table.inserted),
    ("trunkline_evictions", "Transitions that newer ones overwrote", lambda task: task.replay.table.evicted),
    ("trunkline_samples", "Transitions that the learner has drawn", lambda task: task.replay.table.sampled),
    (
        "trunkline_inserts_throttled",
        "Times that the rate limiter held an insert back",
        lambda task: task.replay.table.throttled,
    ),
    (
        "trunkline_stale_priority_updates",
        "Priority updates for evicted transitions",
        lambda task: task.replay.table.stale_updates,
    ),
    (
        "trunkline_invalid_priority_updates",
        "Negative or non-finite priorities",
        lambda task: task.replay.table.invalid_updates,
    ),
    ("trunkline_transitions_lost", "Transitions in shards that died", lambda task: task.replay.lost),
    ("trunkline_actor_restarts", "Actors that were replaced after a death", lambda task: task.crew.restarts),
)

_GAUGES: tuple[tuple[str, str, Callable[[TaskStatus], float | None]], ...] = (
    (
        "trunkline_episode_return",
        "Mean return of the last 100 episodes",
        lambda task: task.replay.table.recent_return,
    ),
    (
        "trunkline_episode_length_steps",
        "Mean length of the last 100 episodes, in env steps",
        lambda task: task.replay.table.recent_length,
    ),
    ("trunkline_greedy_return", "Mean return of the last evaluation", lambda task: task.greedy_return),
    (
        "trunkline_replay_transitions",
        "Transitions that can be sampled now",
        lambda task: task.replay.table.items,
    ),
    (
        "trunkline_replay_capacity_transitions",
        "Transitions that fit into replay",
        lambda task: task.replay.replay_capacity,
    ),
    (
        "trunkline_samples_per_insert_ratio",
        "Samples divided by inserts, in this life",
        lambda task: task.replay.samples_per_insert,
    ),
    (
        "trunkline_weights_staleness_versions",
        "Mean staleness of the batch before the last publication",
        lambda task: task.learning.staleness,
    ),
    (
        "trunkline_task_weight",
        "Factor that the task weighting gave the task",
        lambda task: task.learning.weight,
    ),
    ("trunkline_loss", "Mean TD loss since the last report", lambda task: task.learning.loss),
    (
        "trunkline_gradient_share",
        "Share of the task in the sum of gradient lengths",
        lambda task: task.probes.gradient_share,
    ),
    (
        "trunkline_gradient_cosine",
        "Mean cosine with the gradients of other tasks",
        lambda task: task.probes.gradient_cosine,
    ),
    (
        "trunkline_gradient_conflict_share",
        "Share of other tasks whose gradients conflict",
        lambda task: task.probes.conflict_share,
    ),
    (
        "trunkline_lesion_share",
        "Share of states whose greedy action needs the trunk",
        lambda task: task.probes.lesion_share,
    ),
    ("trunkline_actors", "Actors at work", lambda task: task.crew.at_work),
    ("trunkline_actors_wanted", "Actors that the task should have", lambda task: task.crew.wanted),
    (
        "trunkline_actors_quarantined",
        "Actors that rest before the next try",
        lambda task: task.crew.quarantined,
    ),
    ("trunkline_actor_slots", "Slots for the task's actors", lambda task: task.crew.slots),
    (
        "trunkline_samples_per_insert_target",
        "Configured samples per insert",
        lambda task: task.replay.samples_per_insert_target,
    ),
    (
        "trunkline_acting_staleness_versions",
        "Staleness of the last block put into replay",
        lambda task: task.replay.acting_staleness,
    ),
)
