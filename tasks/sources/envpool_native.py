"""What EnvPool made, behind the shapes, the dtypes and the spaces that the rest of trunkline has."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.contract import kept_reset, kept_step
from tasks.sources.envpool_spaces import sane_action_space, sane_observation_space
from tasks.sources.pool import View

ALL = slice(None)
SEEDS = 2**31
"""EnvPool's seeds are int32."""

NativeStep = tuple[View, NDArray[Any], NDArray[Any], NDArray[Any]]


class NativePool:
    """What EnvPool made, in its synchronous mode: all of its streams, or some of them, reset and step.

    Args:
        pool: as `envpool.make_gymnasium` returns it.
        declared_limit: its time limit by its configuration; None if that has none.

    Attributes:
        observation_space, action_space: of one stream.
        declared_limit: as given.
    """

    def __init__(self, pool: Any, declared_limit: int | None) -> None:  # noqa: ANN401 - EnvPool has no types
        self._pool = pool
        self.declared_limit = declared_limit
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Gymnasium's, of bounds that the dtype cannot hold
            self.observation_space = sane_observation_space(pool.observation_space)
            self.action_space = sane_action_space(pool.action_space)
        # the arrays before the last one are numbers of streams and players
        action = list(pool.spec.action_array_spec.values())[-1]
        self._action_dtype = np.dtype(action.dtype)
        self._action_shape = tuple(size for size in action.shape if size != -1)

    def reset(self, rows: NDArray[np.intp] | None = None) -> View:
        """Begin an episode in some streams, or in all."""
        if rows is None:
            return View(ALL, *kept_reset(self._pool.reset()))
        return View(rows, *kept_reset(self._pool.reset(rows.astype(np.int32))))

    def step(self, actions: NDArray[Any], rows: NDArray[np.intp] | None = None) -> NativeStep:
        """Step some streams, or all; returns what they show, rewards, terminated and truncated of them."""
        taken = actions.reshape(len(actions), *self._action_shape).astype(self._action_dtype, copy=False)
        answer = self._pool.step(taken) if rows is None else self._pool.step(taken, rows.astype(np.int32))
        observations, rewards, terminated, truncated, infos = kept_step(answer)
        return View(ALL if rows is None else rows, observations, infos), rewards, terminated, truncated

    def close(self) -> None:
        """Let go of the streams."""
        self._pool.close()


MakesPool = Callable[[list[int]], NativePool]
"""Makes a pool, given a seed for each stream."""
