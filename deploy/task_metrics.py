"""The metrics of a task: a line each, with the number of the task's status that it shows."""

from collections.abc import Callable, Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from training.status.records import TaskStatus

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


def task_metrics(tasks: Sequence[TaskStatus]) -> Iterator[Metric]:
    """Yield every metric that has a value for each task."""
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
