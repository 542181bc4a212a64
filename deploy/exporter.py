"""Prometheus metrics, pulled from the newest status; `docs/metrics.md` says what each means."""

from collections import Counter
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from deploy.task_metrics import task_metrics
from training.evaluation.probing import TrunkReading
from training.saving import SavingStatus
from training.shard_supervision import ShardStatus
from training.status.records import RunStatus


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
            yield from _trunk_metrics(status.trunk)
            yield from _saving_metrics(status.saving)
            yield from _run_metrics(status)
            yield from task_metrics(status.tasks)
            yield from _shard_metrics(status.shards)
            yield from _cluster_metrics(status)


def _learner_metrics(status: RunStatus) -> Iterator[Metric]:
    learner = status.learner
    yield CounterMetricFamily(
        "trunkline_learner_updates", "Optimizer updates over all lives", value=learner.learner_step
    )
    phases = CounterMetricFamily(
        "trunkline_learner_phase_seconds",
        "Wall time of the learner by phase, since its first update",
        labels=["op"],
    )
    for phase, seconds in learner.phase_seconds.items():
        phases.add_metric([phase], seconds)
    yield phases
    yield CounterMetricFamily(
        "trunkline_plain_sums",
        "Updates, over all lives, in which the task weighting fell back to the plain sum",
        value=learner.plain_sums,
    )
    waiting = GaugeMetricFamily(
        "trunkline_learner_waiting_for",
        "1 while the learner waits for transitions of the task",
        labels=["task"],
    )
    for task in status.tasks:
        waiting.add_metric([task.name], float(task.name in learner.waiting_for))
    yield waiting
    yield from _known("trunkline_learner_gradient_norm", "Norm of the last gradient", learner.gradient_norm)
    yield from _known(
        "trunkline_last_update_timestamp_seconds", "Time of the last update", learner.last_update_time
    )


def _trunk_metrics(trunk: TrunkReading) -> Iterator[Metric]:
    yield from _known(
        "trunkline_dormant_share", "Share of the trunk's output units that are dormant", trunk.dormant_share
    )
    yield from _known(
        "trunkline_effective_rank", "Effective rank of the trunk's features", trunk.effective_rank
    )


def _saving_metrics(saving: SavingStatus) -> Iterator[Metric]:
    yield CounterMetricFamily(
        "trunkline_checkpoints", "Checkpoints written in this life", value=saving.checkpoints
    )
    yield CounterMetricFamily(
        "trunkline_replay_saves_skipped",
        "Checkpoints without a save of replay, since the save before was not finished",
        value=saving.replay_saves_skipped,
    )
    last = saving.last_checkpoint
    for name, about, value in (
        ("trunkline_checkpoint_period_updates", "Updates between checkpoints", saving.checkpoint_period),
        (
            "trunkline_last_checkpoint_updates",
            "Updates that the last checkpoint contains",
            last.learner_step,
        ),
        ("trunkline_last_checkpoint_timestamp_seconds", "Time of the last checkpoint", last.time),
    ):
        yield GaugeMetricFamily(name, about, value)


def _run_metrics(status: RunStatus) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "trunkline_weights_version", "Newest published version of the weights", status.weights_version
    )
    yield CounterMetricFamily(
        "trunkline_evaluations", "Finished evaluations in this life", value=status.evaluations
    )
    yield CounterMetricFamily(
        "trunkline_blocks_refused",
        "Messages that replay could not decode or store",
        value=status.refused_blocks,
    )
    if status.disk is not None:
        yield GaugeMetricFamily(
            "trunkline_run_disk_free_bytes",
            "Free space on the file system of the run directory",
            status.disk.free_bytes,
        )
        yield GaugeMetricFamily(
            "trunkline_run_disk_bytes",
            "Size of the file system of the run directory",
            status.disk.total_bytes,
        )


def _known(name: str, about: str, value: float | None) -> Iterator[Metric]:
    if value is not None:
        yield GaugeMetricFamily(name, about, value)


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
