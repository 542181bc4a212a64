"""Is it fast?"""

from deploy.grafana.dashboards.panel import Dashboard, Panel, Query, of_task, rate_of_task

SPEED = Dashboard(
    "speed",
    "Is it fast?",
    (
        Panel(
            "Env steps per second",
            "short",
            (of_task("task:trunkline_env_steps:rate1m"),),
            "Environment steps that reach replay, over the last minute.",
        ),
        Panel(
            "Updates per second",
            "short",
            (Query("job:trunkline_learner_updates:rate1m", "updates"),),
            "Optimizer updates over the last minute.",
        ),
        Panel(
            "Learner's time",
            "percentunit",
            (Query("op:trunkline_learner_phase_seconds:ratio_rate1m", "{{op}}"),),
            "Shares of the learner's wall time. Much waiting: actors are too slow or too few.",
            stacked=True,
        ),
        Panel(
            "Samples per insert",
            "short",
            (
                of_task("task:trunkline_samples_per_insert:ratio_rate5m"),
                of_task("trunkline_samples_per_insert_target", "{{task}} target"),
            ),
            "Transitions drawn for each one put in, over 5 minutes, and the ratio that is kept.",
        ),
        Panel(
            "Samples per insert since the start",
            "short",
            (of_task("trunkline_samples_per_insert_ratio"),),
            "The same over the whole life, beyond the transitions that fill replay before the first draw.",
        ),
        Panel(
            "Throttled inserts per second",
            "short",
            (rate_of_task("trunkline_inserts_throttled_total"),),
            "Times that the rate limiter held an insert back. Many: the learner is what limits the run.",
        ),
        Panel(
            "Waited for",
            "short",
            (of_task("trunkline_learner_waiting_for"),),
            "1 while the learner waits for the task's transitions: that task limits the run.",
        ),
        Panel(
            "Env steps",
            "short",
            (of_task("trunkline_env_steps_total"),),
            "Environment steps over all lives of the run.",
        ),
        Panel(
            "Episodes per second",
            "short",
            (rate_of_task("trunkline_episodes_total"),),
            "Finished episodes of actors.",
        ),
    ),
)
