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
            "Env steps that reach replay, over the last minute.",
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
            "The learner's wall time by phase. Much waiting means that actors are too slow or too few.",
            stacked=True,
        ),
        Panel(
            "Samples per insert",
            "short",
            (
                of_task("task:trunkline_samples_per_insert:ratio_rate5m"),
                of_task("trunkline_samples_per_insert_target", "{{task}} target"),
            ),
            "Transitions sampled for each inserted one, over 5 minutes, and the configured ratio.",
        ),
        Panel(
            "Samples per insert since the start",
            "short",
            (of_task("trunkline_samples_per_insert_ratio"),),
            "The same over this life of the run, without the inserts before the first sample.",
        ),
        Panel(
            "Throttled inserts per second",
            "short",
            (rate_of_task("trunkline_inserts_throttled_total"),),
            "Times that the rate limiter held an insert back. Many mean that the learner limits the run.",
        ),
        Panel(
            "Tasks that the learner waits for",
            "short",
            (of_task("trunkline_learner_waiting_for"),),
            "1 while the learner waits for transitions of the task. Then this task limits the run.",
        ),
        Panel(
            "Env steps",
            "short",
            (of_task("trunkline_env_steps_total"),),
            "Env steps over all lives of the run.",
        ),
        Panel(
            "Episodes per second",
            "short",
            (rate_of_task("trunkline_episodes_total"),),
            "Finished episodes of the actors.",
        ),
    ),
)
