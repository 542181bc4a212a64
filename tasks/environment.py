"""Checked vectors: environments of one task in lockstep, and one sentence for whatever they do wrong."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.aside import Aside
from tasks.contract import refuse_infinite
from tasks.errors import ContractError
from tasks.spec import TaskSpec
from tasks.streams import StepOutput, failure, open_streams


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
        self._streams = open_streams(spec, num_envs, seed)

    @property
    def aside(self) -> Aside:
        """What there is to say of the last step besides its output."""
        return self._streams.aside

    def reset(self, seed: int | None = None) -> NDArray[Any]:
        """Start every stream anew; returns frames of shape (num_envs, *frame_shape).

        Streams have the seeds from `seed` on, or those that they had before.
        """
        frame_EO = self._streams.reset(seed)
        self._refuse_infinite(frame_EO)
        return frame_EO

    def step(self, action_E: NDArray[np.integer[Any]]) -> StepOutput:
        """Step every stream once: frames, rewards, terminated, truncated; one row a stream.

        Raises:
            EnvironmentFailureError: an environment raised, or returned another shape or dtype than it
                declares, or a value that is not finite in float32.
        """
        output = self._streams.step(action_E)
        own_reward_E = self.aside.own_reward_E
        self._refuse_infinite(output[0], output[1])
        if own_reward_E is not None:
            self._refuse_infinite(output[0], own_reward_E)
        return output

    def close(self) -> None:
        """Close every environment."""
        self._streams.close()

    def _refuse_infinite(self, frame_EO: NDArray[Any], reward_E: NDArray[np.float64] | None = None) -> None:
        try:
            if reward_E is not None:
                refuse_infinite("a reward", reward_E)
            for part in self.spec.layout.parts_of(frame_EO):
                refuse_infinite("an observation", part)
        except ContractError as error:
            raise failure(self.spec, str(error)) from error
