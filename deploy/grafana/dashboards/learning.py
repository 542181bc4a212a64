"""Is it learning?"""

from deploy.grafana.dashboards.panel import Dashboard, Panel, Query, of_task

LEARNING = Dashboard(
    "learning",
    "Is it learning?",
    (
        Panel(
            "Greedy return",
            "short",
            (of_task("trunkline_greedy_return"),),
            "Mean return of the last evaluation, without exploration. The number that counts.",
        ),
        Panel(
            "Episode return",
            "short",
            (of_task("trunkline_episode_return"),),
            "Mean return of the last 100 episodes, exploration included: lower than greedy, but sooner.",
        ),
        Panel(
            "Loss",
            "short",
            (of_task("trunkline_loss"),),
            "Mean TD loss before task weighting. It may rise while returns do: values grow with them.",
        ),
        Panel(
            "Task weight",
            "short",
            (of_task("trunkline_task_weight"),),
            "By what the task weighting multiplies the task's part. 1 is its part in the plain sum.",
        ),
        Panel(
            "Gradient share",
            "percentunit",
            (of_task("trunkline_gradient_share"),),
            "Share of the task's gradient in what the trunk shares. One task near 100 % drowns the others.",
        ),
        Panel(
            "Gradient cosine",
            "short",
            (of_task("trunkline_gradient_cosine"),),
            "Mean cosine of its gradient with the other tasks'. Below 0 they pull against each other.",
        ),
        Panel(
            "Gradient conflict",
            "percentunit",
            (of_task("trunkline_gradient_conflict_share"),),
            "Share of the other tasks with which that cosine is negative.",
        ),
        Panel(
            "Lesion share",
            "percentunit",
            (of_task("trunkline_lesion_share"),),
            "Share of states whose greedy action needs what the trunk says of them. 0: it is of no use.",
        ),
        Panel(
            "Effective rank",
            "short",
            (Query("trunkline_effective_rank", "directions"),),
            "Directions that hold 99 % of the trunk's features. A steady fall is lost capacity.",
        ),
        Panel(
            "Dormant share",
            "percentunit",
            (Query("trunkline_dormant_share", "dormant units"),),
            "Share of the trunk's units that hardly answer to any input. A steady rise is lost plasticity.",
        ),
        Panel(
            "Plain sums per second",
            "short",
            (Query("rate(trunkline_plain_sums_total[$__rate_interval])", "plain sums"),),
            "Updates for which the task weighting found no weights. 0 in a healthy run.",
        ),
        Panel(
            "Evaluations",
            "short",
            (Query("trunkline_evaluations_total", "evaluations"),),
            "Finished evaluations in this life. Without new ones the greedy return is old.",
        ),
    ),
)
