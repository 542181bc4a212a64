"""Is it healthy?"""

from deploy.grafana.dashboards.panel import Dashboard, Panel, Query, of_task, rate_of_task

_ACTORS = (
    Panel(
        "Alerts firing",
        "short",
        (Query('count by (alertname) (ALERTS{alertstate="firing"}) or on () vector(0)', "{{alertname}}"),),
        "Alerts that fire now. docs/alerts.md says what to do about each.",
    ),
    Panel(
        "Actors",
        "short",
        (
            of_task("trunkline_actors", "{{task}} at work"),
            of_task("trunkline_actors_wanted", "{{task}} wanted"),
            of_task("trunkline_actor_slots", "{{task}} slots"),
        ),
        "In a healthy run as many actors are at work as wanted, and there are at least as many slots.",
    ),
    Panel(
        "Actors in quarantine",
        "short",
        (of_task("trunkline_actors_quarantined"),),
        "Actors that died again and again, and rest before the next try.",
    ),
    Panel(
        "Actor restarts in 10 minutes",
        "short",
        (Query('increase(trunkline_actor_restarts_total{task=~"$task"}[10m])', "{{task}}"),),
        "Actors that were replaced after a death, in the last 10 minutes.",
    ),
    Panel(
        "Nodes",
        "short",
        (
            Query("trunkline_nodes", "in service"),
            Query("trunkline_nodes_draining", "draining"),
            Query("trunkline_nodes_refused", "of another version"),
            Query("trunkline_node_deaths_total", "died so far"),
        ),
        "Nodes of the cluster. Draining nodes get no new actors, and nodes of another version get none.",
    ),
    Panel(
        "Foreign slots",
        "short",
        (Query("trunkline_foreign_slots", "slots"),),
        "Slots for tasks that the run does not have. They stay empty.",
    ),
)

_REPLAY = (
    Panel(
        "Dropped transitions (share of inserts)",
        "percentunit",
        (of_task("task:trunkline_transitions_dropped:ratio_rate5m"),),
        "Dropped per inserted transition: repeated blocks, or blocks of an actor's earlier life.",
    ),
    Panel(
        "Dropped transitions per second",
        "short",
        (rate_of_task("trunkline_transitions_dropped_total", "{{task}} {{reason}}"),),
        "Transitions that arrived and were not inserted, by reason.",
    ),
    Panel(
        "Lost transitions",
        "short",
        (of_task("trunkline_transitions_lost_total"),),
        "Transitions in shards that died, in this life of the run.",
    ),
    Panel(
        "Shards",
        "short",
        (
            Query("trunkline_shard_up", "shard {{shard}} up"),
            Query("trunkline_shard_restarts_total", "shard {{shard}} replaced"),
        ),
        "1 while a shard answers, else 0; and how often it was replaced.",
    ),
    Panel(
        "Refused messages per second",
        "short",
        (Query("rate(trunkline_blocks_refused_total[$__rate_interval])", "messages"),),
        "Messages that replay could not decode, or that did not fit their table. A healthy run has none.",
    ),
    Panel(
        "Replay memory",
        "bytes",
        (Query("trunkline_replay_memory_bytes", "shard {{shard}}"),),
        "Allocated memory of each shard's tables.",
    ),
)

_RUN = (
    Panel(
        "Time since the last update or checkpoint",
        "s",
        (
            Query("time() - trunkline_last_update_timestamp_seconds", "update"),
            Query("time() - trunkline_last_checkpoint_timestamp_seconds", "checkpoint"),
        ),
        "A crash loses what was learned since the last checkpoint.",
    ),
    Panel(
        "Checkpoint age (periods)",
        "short",
        (Query("job:trunkline_checkpoint_age_periods:ratio", "periods"),),
        "Updates since the last checkpoint, divided by checkpoint.period. Between 0 and 1 in a healthy run.",
    ),
    Panel(
        "Checkpoints",
        "short",
        (
            Query("trunkline_checkpoints_total", "checkpoints"),
            Query("trunkline_replay_saves_skipped_total", "without a save of replay"),
        ),
        "Checkpoints written in this life of the run; on a slow disk some leave replay unsaved.",
    ),
    Panel(
        "Free disk",
        "percentunit",
        (Query("trunkline_run_disk_free_bytes / trunkline_run_disk_bytes", "free"),),
        "Free share of the file system of the run directory.",
    ),
    Panel(
        "Memory per component",
        "bytes",
        (Query("component:ray_component_rss_bytes:sum", "{{Component}}"),),
        "Resident memory of Ray's processes and the actors in them, over all nodes.",
    ),
    Panel(
        "Object store",
        "bytes",
        (
            Query("sum(ray_object_store_used_memory)", "used"),
            Query("sum(ray_object_store_available_memory)", "free"),
            Query('sum(ray_object_store_memory{Location="SPILLED"})', "spilled to disk"),
        ),
        "Ray's shared memory, over all nodes. A healthy run spills nothing to disk.",
    ),
)

HEALTH = Dashboard("health", "Is it healthy?", _ACTORS + _REPLAY + _RUN)
