"""Checked vectors: environments of one task in lockstep, and one sentence for whatever they do wrong."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.aside import Aside
from tasks.contract import refuse_infinite_step
from tasks.sources.interface import StepOutput
from tasks.sources.table import source_of
from tasks.spec import TaskSpec


class CheckedVector:
    """`num_envs` streams of one task in lockstep.

    A step that terminates or truncates an episode returns the episode's last frame; the stream's next step
    ignores its action and returns the first frame of a new episode (Gymnasium's NEXT_STEP mode). Frames come
    in the task's dtype. Whatever an environment does wrong becomes one sentence that names its task.

        vector = CheckedVector(spec, num_envs=16, seed=1)
        frame_EO = vector.reset()
        frame_EO, reward_E, terminated_E, truncated_E = vector.step(action_E)

    Raises:
        EnvironmentFailureError: an environment cannot be built.
    """

    def __init__(self, spec: TaskSpec, num_envs: int, seed: int) -> None:
        self.spec = spec
        self.num_envs = num_envs
        self._streams = source_of(spec.recipe).streams(spec, num_envs, seed)

    @property
    def aside(self) -> Aside:
        """What there is to say of the last step besides its output."""
        return self._streams.aside

    def reset(self, seed: int | None = None) -> NDArray[Any]:
        """Start every stream anew; returns frames of shape (num_envs, *frame_shape).

        Streams have the seeds from `seed` on, or those that they had before.
        """
        frame_EO = self._streams.reset(seed)
        refuse_infinite_step(self.spec, frame_EO)
        return frame_EO

    def step(self, action_E: NDArray[np.integer[Any]]) -> StepOutput:
        """Step every stream once: frames, rewards, terminated, truncated; one row a stream.

        Raises:
            EnvironmentFailureError: an environment raised, or returned another shape or dtype than it
                declares, or a value that is not finite in float32.
        """
        output = self._streams.step(action_E)
        refuse_infinite_step(self.spec, output[0], output[1])
        if self.aside.own_reward_E is not None:
            refuse_infinite_step(self.spec, output[0], self.aside.own_reward_E)
        return output

    def close(self) -> None:
        """Close every environment."""
        self._streams.close()
