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
            "Mean return of the last evaluation, without exploration. This is the result that counts.",
        ),
        Panel(
            "Episode return",
            "short",
            (of_task("trunkline_episode_return"),),
            "Mean return of the last 100 episodes with exploration: lower than greedy, but sooner.",
        ),
        Panel(
            "Episode length (env steps)",
            "short",
            (of_task("trunkline_episode_length_steps"),),
            "Mean length of the last 100 episodes with exploration.",
        ),
        Panel(
            "Loss",
            "short",
            (of_task("trunkline_loss"),),
            "Mean TD loss before task weighting. It may rise with the returns, as values grow with them.",
        ),
        Panel(
            "Task weight",
            "short",
            (of_task("trunkline_task_weight"),),
            "Factor that the task weighting gives the task. In the plain sum every task has the factor 1.",
        ),
        Panel(
            "Gradient share",
            "percentunit",
            (of_task("trunkline_gradient_share"),),
            "Length of the task's gradient, divided by the sum over tasks. Near 100 % it drowns the others.",
        ),
        Panel(
            "Gradient cosine",
            "short",
            (of_task("trunkline_gradient_cosine"),),
            "Mean cosine with the gradients of the other tasks. Below 0 they work against each other.",
        ),
        Panel(
            "Gradient conflict",
            "percentunit",
            (of_task("trunkline_gradient_conflict_share"),),
            "Share of the other tasks with which the gradient cosine is negative.",
        ),
        Panel(
            "Lesion share",
            "percentunit",
            (of_task("trunkline_lesion_share"),),
            "Share of states whose greedy action depends on the trunk. At 0 the trunk is of no use.",
        ),
        Panel(
            "Effective rank",
            "short",
            (Query("trunkline_effective_rank", "directions"),),
            "Number of directions that hold 99 % of the trunk's features. A steady fall means lost capacity.",
        ),
        Panel(
            "Dormant share",
            "percentunit",
            (Query("trunkline_dormant_share", "dormant units"),),
            "Share of the trunk's units that are hardly active. A steady rise means lost plasticity.",
        ),
        Panel(
            "Plain sums per second",
            "short",
            (Query("rate(trunkline_plain_sums_total[$__rate_interval])", "plain sums"),),
            "Updates in which the task weighting fell back to the plain sum. A healthy run has none.",
        ),
        Panel(
            "Evaluations",
            "short",
            (Query("trunkline_evaluations_total", "evaluations"),),
            "Finished evaluations in this life of the run. Without new ones the greedy return is old.",
        ),
    ),
)
