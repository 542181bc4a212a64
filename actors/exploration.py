"""Exploration: a ladder of epsilons over a task's environments, and actions that are held for a while.

Shape letters: E environment streams; D dimensions of an action, A choices of all of them; N rows.
"""

import numpy as np
from numpy.typing import NDArray

from tasks.choices import Choices


def epsilon_ladder(num_envs: int, base: float = 0.4, exponent: float = 7.0) -> NDArray[np.float64]:
    """Return one constant epsilon an environment: base^(1 + exponent * i / (N - 1)), shape (num_envs,).

    Horgan et al. 2018, "Distributed Prioritized Experience Replay", section 4.1. A single environment gets
    `base`.
    """
    position = np.arange(num_envs) / max(num_envs - 1, 1)
    return np.asarray(base ** (1.0 + exponent * position))


class Exploration:
    """Epsilon-greedy whose random choices are held for a random number of steps (epsilon-z greedy).

    Dabney et al. 2021, "Temporally-Extended Epsilon-Greedy Exploration": durations follow a zeta
    distribution, here cut off at `max_duration`. With `max_duration` 1 it is plain epsilon-greedy. Dimensions
    of an action explore each on its own (Seyde et al. 2023, section 4).

        exploration = Exploration(epsilon_ladder(16), Choices((3,)), max_duration=50, zeta=2.0, rng=rng)
        action_E = exploration.choose(greedy_E)
        exploration.forget(ended_E)                    # a new episode starts without a held choice
    """

    def __init__(
        self,
        epsilon_E: NDArray[np.float64],
        choices: Choices,
        max_duration: int,
        zeta: float,
        rng: np.random.Generator,
    ) -> None:
        self._epsilon_E1 = epsilon_E[:, None]
        self._choices = choices
        self._max_duration = max_duration
        self._zeta = zeta
        self._rng = rng
        shape = len(epsilon_E), len(choices.sizes)
        self._held_ED = np.zeros(shape, np.int64)
        self._steps_left_ED = np.zeros(shape, np.int64)

    def choose(
        self, greedy_E: NDArray[np.int64], allowed_EA: NDArray[np.uint8] | None = None
    ) -> NDArray[np.int64]:
        """Return the actions to take: (E, *choices.shape).

        Args:
            greedy_E: what the policy would do, of the same shape.
            allowed_EA: which choices are allowed, None for all: no other is taken, nor held on to.
        """
        if allowed_EA is not None:
            self._steps_left_ED *= np.take_along_axis(allowed_EA, self._held_ED, axis=1)
        begins_ED = (self._steps_left_ED == 0) & (self._rng.random(self._held_ED.shape) < self._epsilon_E1)
        count = int(np.count_nonzero(begins_ED))
        if count:
            random_E = random_choices(self._rng, self._choices, len(greedy_E), allowed_EA)
            np.copyto(self._held_ED, random_E.reshape(self._held_ED.shape), where=begins_ED)
            durations = np.minimum(self._rng.zipf(self._zeta, count), self._max_duration)
            self._steps_left_ED[begins_ED] = durations
        holds_ED = self._steps_left_ED > 0
        self._steps_left_ED -= holds_ED
        return np.where(holds_ED.reshape(greedy_E.shape), self._held_ED.reshape(greedy_E.shape), greedy_E)

    def forget(self, ended_E: NDArray[np.bool_]) -> None:
        """Drop the held choices of streams whose episode ended."""
        self._steps_left_ED[ended_E] = 0


def random_choices(
    rng: np.random.Generator, choices: Choices, rows: int, allowed_NA: NDArray[np.uint8] | None = None
) -> NDArray[np.int64]:
    """Return actions drawn uniformly from those that are allowed: (rows, *choices.shape)."""
    keys_NA = rng.random((rows, choices.total))
    return choices.best(keys_NA if allowed_NA is None else np.where(allowed_NA, keys_NA, -1.0))
