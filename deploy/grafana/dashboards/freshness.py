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
            "Newest weights version minus the one that acted in the last block put in. A few are normal.",
        ),
        Panel(
            "Sampled staleness (versions)",
            "short",
            (of_task("trunkline_weights_staleness_versions"),),
            "Newest version minus the one that acted, over the last batch: it grows with what replay holds.",
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
            "Transitions that can be drawn, of those that there is room for. Full is normal after a while.",
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
            "Transitions overwritten by newer ones: as many as inserts once replay is full, none before.",
        ),
        Panel(
            "Transitions in replay",
            "short",
            (of_task("trunkline_replay_transitions"),),
            "A step down is a shard that was lost.",
        ),
        Panel(
            "Late priorities per second",
            "short",
            (rate_of_task("trunkline_stale_priority_updates_total"),),
            "Priority updates that came after their transition was gone. Many: replay turns over fast.",
        ),
        Panel(
            "Unusable priorities per second",
            "short",
            (rate_of_task("trunkline_invalid_priority_updates_total"),),
            "Priorities that were negative or not finite. 0 in a healthy run.",
        ),
    ),
)
