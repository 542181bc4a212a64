"""Exploration: a ladder of epsilons over a task's environments, and actions that are held for a while.

Shape letters: E environment streams.
"""

import numpy as np
from numpy.typing import NDArray


def epsilon_ladder(num_envs: int, base: float = 0.4, exponent: float = 7.0) -> NDArray[np.float64]:
    """Return one constant epsilon an environment: base^(1 + exponent * i / (N - 1)), shape (num_envs,).

    Horgan et al. 2018, "Distributed Prioritized Experience Replay", section 4.1. A single environment gets
    `base`.
    """
    position = np.arange(num_envs) / max(num_envs - 1, 1)
    return np.asarray(base ** (1.0 + exponent * position))


class Exploration:
    """Epsilon-greedy whose random actions are held for a random number of steps (epsilon-z greedy).

    Dabney et al. 2021, "Temporally-Extended Epsilon-Greedy Exploration": durations follow a zeta
    distribution, here cut off at `max_duration`. With `max_duration` 1 it is plain epsilon-greedy.

        exploration = Exploration(epsilon_ladder(16), num_actions=3, max_duration=50, zeta=2.0, rng=rng)
        action_E = exploration.choose(greedy_E)
        exploration.forget(ended_E)                    # a new episode starts without a held action
    """

    def __init__(
        self,
        epsilon_E: NDArray[np.float64],
        num_actions: int,
        max_duration: int,
        zeta: float,
        rng: np.random.Generator,
    ) -> None:
        self._epsilon_E = epsilon_E
        self._num_actions = num_actions
        self._max_duration = max_duration
        self._zeta = zeta
        self._rng = rng
        self._held_E = np.zeros(len(epsilon_E), np.int64)
        self._steps_left_E = np.zeros(len(epsilon_E), np.int64)

    def choose(self, greedy_E: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the actions to take, given the greedy ones: (E,)."""
        begins_E = (self._steps_left_E == 0) & (self._rng.random(len(greedy_E)) < self._epsilon_E)
        count = int(begins_E.sum())
        if count:
            self._held_E[begins_E] = self._rng.integers(self._num_actions, size=count)
            durations = np.minimum(self._rng.zipf(self._zeta, count), self._max_duration)
            self._steps_left_E[begins_E] = durations
        holds_E = self._steps_left_E > 0
        self._steps_left_E -= holds_E
        return np.where(holds_E, self._held_E, greedy_E)

    def forget(self, ended_E: NDArray[np.bool_]) -> None:
        """Drop the held actions of streams whose episode ended."""
        self._steps_left_E[ended_E] = 0
