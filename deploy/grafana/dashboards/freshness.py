"""Is the data fresh?"""

from deploy.grafana.dashboards.panel import Dashboard, Panel, Query, of_task, rate_of_task

FRESHNESS = Dashboard(
    "freshness",
    "Is the data fresh?",
    (
        Panel(
            "Acting staleness (versions)",
            "short",
            (of_task("trunkline_acting_staleness_versions"),),
            "Weights versions published since the weights that acted in the last block. A few are normal.",
        ),
        Panel(
            "Sampled staleness (versions)",
            "short",
            (of_task("trunkline_weights_staleness_versions"),),
            "The same for the transitions of the last batch, mean. It grows with the content of replay.",
        ),
        Panel(
            "Weights versions per second",
            "short",
            (Query("rate(trunkline_weights_version[$__rate_interval])", "versions"),),
            "How often new weights are published.",
        ),
        Panel(
            "Replay fill",
            "percentunit",
            (of_task("task:trunkline_replay_fill:ratio"),),
            "Transitions in replay, divided by its capacity. A full replay is normal after some time.",
        ),
        Panel(
            "Inserts per second",
            "short",
            (rate_of_task("trunkline_inserts_total"),),
            "Transitions put into replay.",
        ),
        Panel(
            "Evictions per second",
            "short",
            (rate_of_task("trunkline_evictions_total"),),
            "Transitions that newer ones overwrote: none until replay is full, then as many as inserts.",
        ),
        Panel(
            "Transitions in replay",
            "short",
            (of_task("trunkline_replay_transitions"),),
            "Transitions that can be sampled. A sudden drop means that a shard was lost.",
        ),
        Panel(
            "Late priority updates per second",
            "short",
            (rate_of_task("trunkline_stale_priority_updates_total"),),
            "Priority updates for evicted transitions. Many of them mean that replay is overwritten fast.",
        ),
        Panel(
            "Unsent priority updates per second",
            "short",
            (Query("rate(trunkline_priority_updates_dropped_total[$__rate_interval])", "shard {{shard}}"),),
            "New priorities that could not be sent to a shard: it is down, or too many calls are under way.",
        ),
        Panel(
            "Invalid priorities per second",
            "short",
            (rate_of_task("trunkline_invalid_priority_updates_total"),),
            "Priorities that were negative or not finite. A healthy run has none.",
        ),
    ),
)
