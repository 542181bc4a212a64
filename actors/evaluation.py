"""Greedy evaluation, in environments of its own."""

from dataclasses import dataclass
from itertools import count

import numpy as np

from actors.frame_stack import FrameStack
from actors.policy import TaskPolicy
from tasks.environment import CheckedVector
from tasks.spec import TaskSpec

MAX_ENVS = 100


@dataclass(frozen=True)
class EpisodeReturns:
    """What episodes of a task came to, one number an episode.

    Attributes:
        undiscounted: sums of rewards.
        discounted: sums of rewards, each times the task's discount to the power of its step, from 0.
    """

    undiscounted: list[float]
    discounted: list[float]


def greedy_returns(
    spec: TaskSpec, policy: TaskPolicy, episodes: int, seed: int, max_steps: int | None = None
) -> EpisodeReturns:
    """Play so many fresh greedy episodes.

    Every environment plays exactly one, so short episodes are not over-represented.

    Args:
        spec: the task.
        policy: its values.
        episodes: how many.
        seed: of the first environment; the others have the ones behind it.
        max_steps: after which an episode is cut; None for the task's time limit alone.

    Raises:
        EnvironmentFailureError: an environment broke its contract.
    """
    batches = [
        _one_episode_each(spec, policy, min(MAX_ENVS, episodes - start), seed + start, max_steps)
        for start in range(0, episodes, MAX_ENVS)
    ]
    return EpisodeReturns(
        [value for batch in batches for value in batch.undiscounted],
        [value for batch in batches for value in batch.discounted],
    )


def _one_episode_each(
    spec: TaskSpec, policy: TaskPolicy, num_envs: int, seed: int, max_steps: int | None
) -> EpisodeReturns:
    vector = CheckedVector(spec, num_envs, seed)
    return_E, discounted_E = np.zeros(num_envs), np.zeros(num_envs)
    running_E = np.ones(num_envs, np.bool_)
    stack = FrameStack(spec.frame_stack, vector.reset())
    for step in count() if max_steps is None else range(max_steps):
        q_EA = policy.action_values(stack.observations)
        frame_EO, reward_E, terminated_E, truncated_E = vector.step(q_EA.argmax(1))
        stack.push(frame_EO, first_E=~running_E)
        reward_E = reward_E * running_E
        return_E += reward_E
        discounted_E += spec.discount**step * reward_E
        running_E &= ~(terminated_E | truncated_E)
        if not running_E.any():
            break
    vector.close()
    return EpisodeReturns(return_E.tolist(), discounted_E.tolist())
