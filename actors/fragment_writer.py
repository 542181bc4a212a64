"""From steps to fragment blocks, with first priorities.

Shape letters: E streams, T rows of a fragment, L starts of a fragment.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from replay.fragment import BOUNDARY, TERMINATED, TRUNCATED, FragmentBlock
from replay.n_step import ReturnSpec, cut_n_step
from tasks.spec import TaskSpec


@dataclass(frozen=True)
class ActorIdentity:
    """Who sends: a name, and which of its lives this is."""

    name: str
    incarnation: int


class FragmentWriter:
    """Collects rows of E streams in lockstep and cuts them into blocks.

    Each block carries `returns.n_step` rows of overlap behind its starts; the next block begins with them,
    so every row is a start once.

        writer = FragmentWriter(spec, identity, num_envs=16, num_starts=16, returns=returns)
        block = writer.append(obs_EO, action_E, reward_E, flags_E, q_EA, weights_version)    # or None
    """

    def __init__(
        self, spec: TaskSpec, identity: ActorIdentity, num_envs: int, num_starts: int, returns: ReturnSpec
    ) -> None:
        rows = num_starts + returns.n_step
        self._spec = spec
        self._identity = identity
        self._returns = returns
        self._num_starts = num_starts
        self._observations: NDArray[Any] = np.zeros(
            (num_envs, rows, *spec.observation_shape), spec.observation_dtype
        )
        self._actions = np.zeros((num_envs, rows), np.int32)
        self._rewards = np.zeros((num_envs, rows), np.float32)
        self._flags = np.zeros((num_envs, rows), np.uint8)
        self._q_taken = np.zeros((num_envs, rows), np.float32)
        self._q_best = np.zeros((num_envs, rows), np.float32)
        self._versions = np.zeros(rows, np.int64)
        self._filled = 0
        self._sequence = 0
        self._episodes = _Episodes(num_envs)

    def append(
        self,
        obs_EO: NDArray[Any],
        action_E: NDArray[np.int64],
        reward_E: NDArray[np.float64],
        flags_E: NDArray[np.uint8],
        q_EA: NDArray[np.float32],
        weights_version: int,
    ) -> FragmentBlock | None:
        """Add one row a stream; return a block when one is complete."""
        row = self._filled
        self._observations[:, row] = obs_EO
        self._actions[:, row] = action_E
        self._rewards[:, row] = reward_E
        self._flags[:, row] = flags_E
        self._q_taken[:, row] = np.take_along_axis(q_EA, action_E[:, None], 1)[:, 0]
        self._q_best[:, row] = q_EA.max(1)
        self._versions[row] = weights_version
        self._episodes.add(reward_E, flags_E)
        self._filled += 1
        return self._cut() if self._filled == self._actions.shape[1] else None

    def _cut(self) -> FragmentBlock:
        returns, lengths = self._episodes.take()
        block = FragmentBlock(
            task=self._spec.name,
            actor=self._identity.name,
            incarnation=self._identity.incarnation,
            sequence=self._sequence,
            weights_version=int(self._versions[0]),
            observations=self._observations.copy(),
            actions=self._actions.copy(),
            rewards=self._rewards.copy(),
            flags=self._flags.copy(),
            priorities=self._priorities(),
            episode_returns=returns,
            episode_lengths=lengths,
        )
        self._sequence += 1
        self._keep_overlap()
        return block

    def _priorities(self) -> NDArray[np.float32]:
        """Return |reward_n + discount_n max_a q - q_taken| of every start, by the acting weights: (E, L)."""
        streams, rows = self._actions.shape
        starts = (np.arange(streams)[:, None] * rows + np.arange(self._num_starts)).reshape(-1)
        rewards_n, discounts_n, last = cut_n_step(
            self._returns, starts, self._rewards.reshape(-1), self._flags.reshape(-1)
        )
        targets = rewards_n + discounts_n * self._q_best.reshape(-1)[last]
        td_errors: NDArray[np.float32] = np.abs(targets - self._q_taken.reshape(-1)[starts])
        return td_errors.reshape(streams, self._num_starts)

    def _keep_overlap(self) -> None:
        overlap = self._returns.n_step
        columns = (self._observations, self._actions, self._rewards, self._flags, self._q_taken, self._q_best)
        for column in columns:
            column[:, :overlap] = column[:, self._num_starts :].copy()
        self._versions[:overlap] = self._versions[self._num_starts :].copy()
        self._filled = overlap


class _Episodes:
    """Running return and length of each stream's episode, and those that ended."""

    def __init__(self, num_envs: int) -> None:
        self._return_E = np.zeros(num_envs)
        self._length_E = np.zeros(num_envs, np.int64)
        self._returns: list[float] = []
        self._lengths: list[int] = []

    def add(self, reward_E: NDArray[np.float64], flags_E: NDArray[np.uint8]) -> None:
        real_E = (flags_E & BOUNDARY) == 0
        self._return_E += reward_E * real_E
        self._length_E += real_E
        ended_E = (flags_E & (TERMINATED | TRUNCATED)) != 0
        if ended_E.any():
            self._returns += self._return_E[ended_E].tolist()
            self._lengths += self._length_E[ended_E].tolist()
            self._return_E[ended_E] = 0.0
            self._length_E[ended_E] = 0

    def take(self) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        taken = np.array(self._returns, np.float32), np.array(self._lengths, np.int32)
        self._returns, self._lengths = [], []
        return taken
