"""Vectorised rollout: environments, policy and exploration, one step of every stream at a time."""

from collections.abc import Callable

import numpy as np

from actors.exploration import Exploration
from actors.fragment_writer import FragmentWriter
from actors.frame_stack import FrameStack
from actors.policy import ActingPolicy
from actors.undisturbed import undisturbed
from replay.fragment import FragmentBlock
from replay.row import BOUNDARY, LIFE_LOST, TERMINATED, TRUNCATED
from tasks.environment import CheckedVector

BLOCK_SECONDS = 10.0
"""Time after which a block is cut that is not full yet: whoever waits for it must not take slow for dead.

Each block repeats some rows of the one before it, so that much shorter ones would fill replay with them.
"""


class Rollout:
    """Steps E streams of one task and writes what happens.

        rollout = Rollout(vector, policy, exploration, writer, time.monotonic)
        block = rollout.next_block()

    `clock` gives seconds; without one only full blocks are cut, so that blocks do not depend on the time.
    With one the first block comes as soon as it can: it says that the environments work.
    """

    def __init__(
        self,
        vector: CheckedVector,
        policy: ActingPolicy,
        exploration: Exploration,
        writer: FragmentWriter,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._vector = vector
        self._policy = policy
        self._exploration = exploration
        self._writer = writer
        self._clock = clock or _standing_still
        self._halted = False
        self._patience = self._reset_seconds = 0.0
        self._frame_EO = vector.reset()
        self._stack = FrameStack(vector.spec.frame_stack, self._frame_EO)
        self._ended_E = np.zeros(vector.num_envs, np.bool_)
        self._first_E = np.ones(vector.num_envs, np.bool_)

    @undisturbed()
    def next_block(self) -> FragmentBlock | None:
        """Step until a block is full, or `BLOCK_SECONDS` have passed, or `halt` was called.

        Only where it was, there may be nothing to send: None.

        Raises:
            EnvironmentFailureError: an environment broke its contract.
        """
        now = self._clock()
        due, self._patience = now + self._patience, BLOCK_SECONDS
        while not self._halted:
            resets, began = self._ended_E.any(), now
            block = self._step()
            now = self._clock()
            if resets:
                self._reset_seconds = now - began
            if block is None and (now > due or self._is_before_a_slow_reset()):
                block = self._writer.cut()
            if block is not None:
                return block
        return self._writer.cut()

    def _is_before_a_slow_reset(self) -> bool:
        """Return whether the next step would keep for long what is there to be sent."""
        return self._reset_seconds > BLOCK_SECONDS and bool(self._ended_E.any())

    def halt(self) -> None:
        """Let the step at hand be the last one; may be called from another thread."""
        self._halted = True

    def _step(self) -> FragmentBlock | None:
        q_EA = self._policy.action_values(self._stack.observations, self._first_E)
        spec = self._vector.spec
        allowed_EA = spec.layout.allowed(self._frame_EO)
        action_E = self._exploration.choose(spec.choices.best(q_EA), allowed_EA)
        next_frame_EO, reward_E, terminated_E, truncated_E = self._vector.step(action_E)
        aside = self._vector.aside
        flags_E = np.where(
            self._ended_E,
            np.uint8(BOUNDARY),
            terminated_E * np.uint8(TERMINATED) + truncated_E * np.uint8(TRUNCATED),
        )
        if aside.life_lost_E is not None:
            flags_E |= aside.life_lost_E * np.uint8(LIFE_LOST)
        row = {"frames": self._frame_EO, "actions": action_E, "rewards": reward_E, "flags": flags_E}
        block = self._writer.append(
            row, q_EA, self._policy.version, self._policy.value_map, aside.own_reward_E
        )
        self._frame_EO = next_frame_EO
        self._first_E = self._ended_E
        self._stack.push(next_frame_EO, self._first_E)
        ended_E = terminated_E | truncated_E
        self._exploration.forget(ended_E | self._ended_E)
        self._ended_E = ended_E
        return block

    @undisturbed()
    def close(self) -> None:
        """Close the environments."""
        self._vector.close()


def _standing_still() -> float:
    return 0.0
