"""Vectorised rollout: environments, policy and exploration, one step of every stream at a time."""

import numpy as np

from actors.exploration import Exploration
from actors.fragment_writer import FragmentWriter
from actors.frame_stack import FrameStack
from actors.policy import TaskPolicy
from replay.fragment import BOUNDARY, TERMINATED, TRUNCATED, FragmentBlock
from tasks.environment import CheckedVector


class Rollout:
    """Steps E streams of one task and writes what happens.

    rollout = Rollout(vector, policy, exploration, writer)
    block = rollout.next_block()
    """

    def __init__(
        self, vector: CheckedVector, policy: TaskPolicy, exploration: Exploration, writer: FragmentWriter
    ) -> None:
        self._vector = vector
        self._policy = policy
        self._exploration = exploration
        self._writer = writer
        self._frame_EO = vector.reset()
        self._stack = FrameStack(vector.spec.frame_stack, self._frame_EO)
        self._ended_E = np.zeros(vector.num_envs, np.bool_)

    def next_block(self) -> FragmentBlock:
        """Step until the writer has a block.

        Raises:
            EnvironmentFailureError: an environment broke its contract.
        """
        while (block := self._step()) is None:
            pass
        return block

    def _step(self) -> FragmentBlock | None:
        q_EA = self._policy.action_values(self._stack.observations)
        action_E = self._exploration.choose(q_EA.argmax(1))
        next_frame_EO, reward_E, terminated_E, truncated_E = self._vector.step(action_E)
        flags_E = np.where(
            self._ended_E,
            np.uint8(BOUNDARY),
            terminated_E * np.uint8(TERMINATED) + truncated_E * np.uint8(TRUNCATED),
        )
        block = self._writer.append(self._frame_EO, action_E, reward_E, flags_E, q_EA, self._policy.version)
        self._frame_EO = next_frame_EO
        self._stack.push(next_frame_EO, first_E=self._ended_E)
        ended_E = terminated_E | truncated_E
        self._exploration.forget(ended_E | self._ended_E)
        self._ended_E = ended_E
        return block

    def close(self) -> None:
        """Close the environments."""
        self._vector.close()
