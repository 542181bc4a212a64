"""Plays streams of a task with random actions, and writes down what happens.

Shape letters: E streams, A choices of an action.
"""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tasks.environment import CheckedVector
from tasks.spec import TaskSpec

MOST_STEPS = 200_000
"""Of all streams together: fast environments are known well enough after them."""


@dataclass
class Played:
    """What streams did.

    Attributes:
        streams: that were stepped in lockstep.
        steps: of all of them, resets left out.
        seconds: that stepping took, resets included.
        reset_seconds: that the first reset took for each stream.
        returns: of episodes that ended.
        lengths: of those, in steps.
        terminated: how many of them the environment ended for good; a limit ended the others.
        oldest: steps of the longest episode so far, whether it ended or not.
        lowest: of the rewards that the environment itself paid.
        highest: of those.
    """

    streams: int
    steps: int = 0
    seconds: float = 0.0
    reset_seconds: float = 0.0
    returns: list[float] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    terminated: int = 0
    oldest: int = 0
    lowest: float = np.inf
    highest: float = -np.inf

    @property
    def steps_per_second(self) -> float:
        """Steps of all streams in a second."""
        return self.steps / self.seconds if self.seconds else 0.0


def random_actions(
    spec: TaskSpec, frame_EO: NDArray[np.generic], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return random actions of those that the frames allow."""
    keys_EA = rng.random((len(frame_EO), spec.choices.total))
    allowed_EA = spec.layout.allowed(frame_EO)
    return spec.choices.best(keys_EA if allowed_EA is None else np.where(allowed_EA, keys_EA, -1.0))


def play(
    spec: TaskSpec, streams: int, seed: int, seconds: float, clock: Callable[[], float] = time.perf_counter
) -> Played:
    """Step streams for so many seconds, and `MOST_STEPS` at most.

    Raises:
        EnvironmentFailureError: an environment cannot be built, or broke its contract.
    """
    with closing(CheckedVector(spec, streams, seed)) as vector:
        return _Player(spec, vector, Played(streams), seed, clock).play(seconds)


class _Player:
    def __init__(
        self, spec: TaskSpec, vector: CheckedVector, played: Played, seed: int, clock: Callable[[], float]
    ) -> None:
        self._spec, self._vector, self._played, self._clock = spec, vector, played, clock
        self._rng = np.random.default_rng(seed)
        self._begins_E = np.zeros(played.streams, np.bool_)
        self._return_E, self._age_E = np.zeros(played.streams), np.zeros(played.streams, np.int64)

    def play(self, seconds: float) -> Played:
        """Return what happened."""
        began = self._clock()
        frame_EO = self._vector.reset()
        self._played.reset_seconds = (self._clock() - began) / self._played.streams
        while self._played.seconds < seconds and self._played.steps < MOST_STEPS:
            action_E = random_actions(self._spec, frame_EO, self._rng)
            began = self._clock()
            frame_EO, reward_E, terminated_E, truncated_E = self._vector.step(action_E)
            self._played.seconds += self._clock() - began
            own_E = self._vector.aside.own_reward_E
            self._note(reward_E if own_E is None else own_E, terminated_E, truncated_E)
        return self._played

    def _note(
        self, reward_E: NDArray[np.float64], terminated_E: NDArray[np.bool_], truncated_E: NDArray[np.bool_]
    ) -> None:
        """Take in a step; the rows of streams that began an episode with it are none."""
        played, real_E = self._played, ~self._begins_E
        self._return_E = np.where(real_E, self._return_E + reward_E, 0.0)
        self._age_E = np.where(real_E, self._age_E + 1, 0)
        played.steps += int(real_E.sum())
        if real_E.any():
            played.lowest = min(played.lowest, float(reward_E[real_E].min()))
            played.highest = max(played.highest, float(reward_E[real_E].max()))
            played.oldest = max(played.oldest, int(self._age_E.max()))
        self._begins_E = terminated_E | truncated_E
        if self._begins_E.any():
            played.returns += self._return_E[self._begins_E].tolist()
            played.lengths += self._age_E[self._begins_E].tolist()
            played.terminated += int(terminated_E.sum())
