"""Prometheus metrics, pulled from the newest status; `docs/metrics.md` says what each means."""

from collections.abc import Callable, Iterator
from typing import Self

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from deploy.errors import ConfigError
from deploy.status import RunStatus, ShardStatus, TaskStatus


class MetricsExporter(Collector):
    """Serves `/metrics` from the newest status that it was handed.

    with MetricsExporter("127.0.0.1", 9464) as exporter:
        exporter(status)
    """

    def __init__(self, host: str, port: int) -> None:
        self._status: RunStatus | None = None
        registry = CollectorRegistry()
        registry.register(self)
        try:
            self._server, self._thread = start_http_server(port, addr=host, registry=registry)
        except OSError as error:
            raise ConfigError(
                f"metrics.port: {port} cannot be listened on at {host} ({error.strerror}); "
                "give a free port, or 0 for no metrics"
            ) from error

    def __call__(self, status: RunStatus) -> None:
        """Take over a newer status."""
        self._status = status

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def collect(self) -> Iterator[Metric]:
        """Yield every metric of one status; nothing before the first."""
        status = self._status
        if status is not None:
            yield from _learner_metrics(status)
            yield from _task_metrics(status.tasks)
            yield from _shard_metrics(status.shards)


def _learner_metrics(status: RunStatus) -> Iterator[Metric]:
    yield CounterMetricFamily("trunkline_learner_updates", "Optimizer updates", value=status.learner_step)
    phases = CounterMetricFamily(
        "trunkline_learner_phase_seconds", "Learner's time by phase since its first update", labels=["op"]
    )
    for phase, seconds in status.phase_seconds.items():
        phases.add_metric([phase], seconds)
    yield phases
    yield GaugeMetricFamily("trunkline_weights_version", "Newest published version", status.weights_version)
    yield CounterMetricFamily("trunkline_checkpoints", "Checkpoints written", value=status.checkpoints)
    yield CounterMetricFamily("trunkline_evaluations", "Finished evaluations", value=status.evaluations)
    yield CounterMetricFamily(
        "trunkline_plain_sums", "Updates without weights of the task weighting", value=status.plain_sums
    )
    yield CounterMetricFamily(
        "trunkline_blocks_refused", "Messages that replay refused", value=status.refused_blocks
    )
    for name, about, value in (
        ("trunkline_dormant_share", "Dormant units of the trunk", status.dormant_share),
        ("trunkline_effective_rank", "Effective rank of the trunk's features", status.effective_rank),
    ):
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
            drops.add_metric([task.name, reason], task.table.dropped.get(reason, 0))
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


_COUNTERS: tuple[tuple[str, str, Callable[[TaskStatus], float]], ...] = (
    ("trunkline_env_steps", "Environment steps that reached replay", lambda task: task.env_steps),
    ("trunkline_episodes", "Finished episodes", lambda task: task.table.episodes),
    ("trunkline_inserts", "Transitions put into replay", lambda task: task.table.inserted),
    ("trunkline_evictions", "Transitions overwritten by newer ones", lambda task: task.table.evicted),
    ("trunkline_samples", "Transitions drawn from replay", lambda task: task.table.sampled),
    ("trunkline_inserts_throttled", "Inserts held back", lambda task: task.table.throttled),
    ("trunkline_stale_priority_updates", "Late priority updates", lambda task: task.table.stale_updates),
    ("trunkline_invalid_priority_updates", "Unusable priorities", lambda task: task.table.invalid_updates),
    ("trunkline_transitions_lost", "Transitions lost with shards", lambda task: task.lost),
    ("trunkline_actor_restarts", "Actors replaced", lambda task: task.actor_restarts),
)

_GAUGES: tuple[tuple[str, str, Callable[[TaskStatus], float | None]], ...] = (
    ("trunkline_episode_return", "Mean return of recent episodes", lambda task: task.table.recent_return),
    ("trunkline_greedy_return", "Mean return of the last evaluation", lambda task: task.greedy_return),
    ("trunkline_replay_transitions", "Transitions that can be drawn", lambda task: task.table.items),
    ("trunkline_replay_capacity_transitions", "Transitions to keep", lambda task: task.replay_capacity),
    ("trunkline_samples_per_insert_ratio", "Measured replay ratio", lambda task: task.samples_per_insert),
    ("trunkline_weights_staleness_versions", "Staleness of sampled data", lambda task: task.staleness),
    ("trunkline_task_weight", "What the task weighting gives the task", lambda task: task.weight),
    ("trunkline_loss", "Mean TD loss since the last report", lambda task: task.loss),
    ("trunkline_gradient_share", "Share of gradient lengths", lambda task: task.probes.gradient_share),
    ("trunkline_gradient_cosine", "Mean cosine with other tasks", lambda task: task.probes.gradient_cosine),
    ("trunkline_gradient_conflict_share", "Tasks in conflict", lambda task: task.probes.conflict_share),
    ("trunkline_lesion_share", "Actions that need the trunk", lambda task: task.probes.lesion_share),
    ("trunkline_actors", "Actors at work", lambda task: task.actors),
)
