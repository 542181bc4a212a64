"""States that random play comes through: a fixed set to look at networks with."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from actors.frame_stack import FrameStack
from tasks.environment import CheckedVector
from tasks.spec import TaskSpec

STREAMS = 16


def random_observations(spec: TaskSpec, rows: int, seed: int) -> NDArray[Any]:
    """Return so many observations of uniformly random play: (rows, *observation_shape).

    Args:
        spec: the task.
        rows: how many; streams of 16 environments give one each in turn.
        seed: of actions and environments; the same seed gives the same observations.

    Raises:
        EnvironmentFailureError: an environment broke its contract.
    """
    rng = np.random.default_rng(seed)
    vector = CheckedVector(spec, STREAMS, seed)
    stack = FrameStack(spec.frame_stack, vector.reset())
    seen, ended_E = [stack.observations], np.zeros(STREAMS, np.bool_)
    while len(seen) * STREAMS < rows:
        frame_EO, _, terminated_E, truncated_E = vector.step(rng.integers(spec.num_actions, size=STREAMS))
        seen.append(stack.push(frame_EO, first_E=ended_E))
        ended_E = terminated_E | truncated_E
    vector.close()
    return np.concatenate(seen)[:rows]
