"""Greedy episodes in environments that nothing else needs."""

from actors.evaluation import ENVS, EpisodeReturns, GreedyEvaluation
from actors.policy import Policy
from tasks.spec import TaskSpec


def greedy_returns(
    spec: TaskSpec,
    policy: Policy,
    episodes: int,
    seed: int,
    max_steps: int | None = None,
    num_envs: int = ENVS,
) -> EpisodeReturns:
    """Play so many fresh greedy episodes in environments that are closed afterwards."""
    evaluation = GreedyEvaluation(spec, num_envs)
    try:
        return evaluation.play(policy, episodes, seed, max_steps)
    finally:
        evaluation.close()
