"""Streams in one of EnvPool's pools, which is seeded when it is made."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.sources.envpool_native import SEEDS, MakesPool, NativePool
from tasks.sources.pool import Bools, PoolStep, View


class EnvPoolPool:
    """Streams in EnvPool's synchronous mode, with the seeds from `seed` on.

    A stream whose episode EnvPool ended begins the next one in the step after it (checked for each family of
    its environments). One whose episode was cut by the task is reset alone while the others are stepped.

    Args:
        make: makes a pool, given a seed for each stream.
        num_envs: streams.
        seed: of the first pool.
    """

    def __init__(self, make: MakesPool, num_envs: int, seed: int = 0) -> None:
        self._make, self._num_envs, self._seed = make, num_envs, seed
        self._pool = self._made(seed)
        self._played = False
        self._over_E: Bools = np.zeros(num_envs, np.bool_)
        self.observation_space, self.action_space = self._pool.observation_space, self._pool.action_space

    @property
    def declared_limit(self) -> int | None:
        """Time limit by its configuration; None if that has none."""
        return self._pool.declared_limit

    def reset(self, seed: int) -> View:
        """Begin an episode in every stream, in a new pool unless the first one is as it was made."""
        if self._played or seed != self._seed:
            self.close()
            self._pool, self._seed = self._made(seed), seed
        self._played, self._over_E = True, np.zeros(self._num_envs, np.bool_)
        return self._pool.reset()

    def step(self, actions: NDArray[Any], restart_E: Bools) -> PoolStep:
        """Step every stream, and let some begin an episode."""
        cut_E = restart_E & ~self._over_E
        if not cut_E.any():
            view, rewards, terminated, truncated = self._pool.step(actions)
            self._over_E = np.logical_or(terminated, truncated) & ~restart_E
            return PoolStep([view], rewards, terminated, truncated)
        return self._step_some(actions, cut_E, restart_E)

    def close(self) -> None:
        """Close the pool."""
        self._pool.close()

    def _step_some(self, actions: NDArray[Any], cut_E: Bools, restart_E: Bools) -> PoolStep:
        reward_E, ends = np.zeros(self._num_envs), np.zeros((2, self._num_envs), np.bool_)
        views = [self._pool.reset(cut_E.nonzero()[0])]
        others = (~cut_E).nonzero()[0]
        if len(others):
            view, *outcome = self._pool.step(actions[others], others)
            reward_E[others], ends[0, others], ends[1, others] = outcome
            views.append(view)
        self._over_E = ends.any(0) & ~restart_E
        return PoolStep(views, reward_E, ends[0], ends[1])

    def _made(self, seed: int) -> NativePool:
        return self._make([(seed + stream) % SEEDS for stream in range(self._num_envs)])
