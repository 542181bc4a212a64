"""States that random play comes through: a fixed set to look at networks with."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from actors.exploration import random_choices
from actors.frame_stack import FrameStack
from tasks.environment import CheckedVector
from tasks.spec import TaskSpec

STREAMS = 16


def random_observations(spec: TaskSpec, rows: int, seed: int, num_envs: int = STREAMS) -> NDArray[Any]:
    """Return so many observations of uniformly random play: (rows, *observation_shape).

    Args:
        spec: the task.
        rows: how many; the environments give one each in turn.
        seed: of actions and environments; the same seed gives the same observations.
        num_envs: environments, `STREAMS` at most.

    Raises:
        EnvironmentFailureError: an environment broke its contract.
    """
    rng = np.random.default_rng(seed)
    num_envs = min(STREAMS, num_envs)
    vector = CheckedVector(spec, num_envs, seed)
    frame_EO = vector.reset()
    stack = FrameStack(spec.frame_stack, frame_EO)
    seen, ended_E = [stack.observations], np.zeros(num_envs, np.bool_)
    while len(seen) * num_envs < rows:
        action_E = random_choices(rng, spec.choices, num_envs, spec.layout.allowed(frame_EO))
        frame_EO, _, terminated_E, truncated_E = vector.step(action_E)
        seen.append(stack.push(frame_EO, first_E=ended_E))
        ended_E = terminated_E | truncated_E
    vector.close()
    return np.concatenate(seen)[:rows]
