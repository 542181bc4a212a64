"""A pool of one stream as a single environment: to be looked at and tried before a run is built on it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.contract import kept_ends, kept_rewards
from tasks.sources.pool import Pool, View
from tasks.sources.rows import infos_of_rows, row_of


class PoolOfOne:
    """The only stream of a pool, with Gymnasium's `reset` and `step`.

        instance = PoolOfOne(pool, max_episode_steps=250)
        observation, info = instance.reset(seed=1)
        observation, reward, terminated, truncated, info = instance.step(action)

    Args:
        pool: of one stream.
        max_episode_steps: its own time limit; None if it names none.
    """

    spec = None

    def __init__(self, pool: Pool, max_episode_steps: int | None) -> None:
        self._pool = pool
        self.observation_space, self.action_space = pool.observation_space, pool.action_space
        self.max_episode_steps = max_episode_steps
        self._last_action: NDArray[Any] = np.zeros(0)

    @property
    def unwrapped(self) -> "PoolOfOne":
        """Itself: there is no wrapper around it."""
        return self

    def reset(self, *, seed: int | None = None) -> tuple[Any, Any]:
        """Begin an episode: the stream's first one with a seed, else the one after what was played."""
        if seed is not None:
            return self._only(self._pool.reset(seed))
        return self._only(self._pool.step(self._last_action, np.ones(1, np.bool_)).views[-1])

    def step(self, action: Any) -> tuple[Any, float, bool, bool, Any]:  # noqa: ANN401 - of any space
        """Take a step."""
        self._last_action = np.asarray(action)[None]
        step = self._pool.step(self._last_action, np.zeros(1, np.bool_))
        ends = (kept_ends(name, getattr(step, name), 1)[0] for name in ("terminated", "truncated"))
        observation, info = self._only(step.views[-1])
        return observation, float(kept_rewards(step.rewards, 1)[0]), *map(bool, ends), info

    def close(self) -> None:
        """Close the pool."""
        self._pool.close()

    def _only(self, view: View) -> tuple[Any, Any]:
        """Return the observation and the info of a view's only stream."""
        return row_of(self.observation_space, view.observations, 0), infos_of_rows(view.infos, 0)
