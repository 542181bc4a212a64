"""Greedy evaluation, in environments of its own."""

import numpy as np
from numpy.typing import NDArray

from actors.frame_stack import FrameStack
from actors.policy import TaskPolicy
from tasks.environment import CheckedVector
from tasks.spec import TaskSpec

MAX_ENVS = 100


def greedy_returns(spec: TaskSpec, policy: TaskPolicy, episodes: int, seed: int) -> NDArray[np.float64]:
    """Return the undiscounted returns of `episodes` fresh greedy episodes: (episodes,).

    Every environment plays exactly one episode, so short episodes are not over-represented.

    Raises:
        EnvironmentFailureError: an environment broke its contract.
    """
    batches = [
        _one_episode_each(spec, policy, min(MAX_ENVS, episodes - start), seed + start)
        for start in range(0, episodes, MAX_ENVS)
    ]
    return np.concatenate(batches)


def _one_episode_each(spec: TaskSpec, policy: TaskPolicy, num_envs: int, seed: int) -> NDArray[np.float64]:
    vector = CheckedVector(spec, num_envs, seed)
    returns_E = np.zeros(num_envs)
    running_E = np.ones(num_envs, np.bool_)
    stack = FrameStack(spec.frame_stack, vector.reset())
    while running_E.any():
        q_EA = policy.action_values(stack.observations)
        frame_EO, reward_E, terminated_E, truncated_E = vector.step(q_EA.argmax(1))
        stack.push(frame_EO, first_E=~running_E)
        returns_E += reward_E * running_E
        running_E &= ~(terminated_E | truncated_E)
    vector.close()
    return returns_E
