"""A trial of one environment: what it does within a few steps, before a run is built on it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete

from tasks.contract import (
    ObservationContract,
    kept_end,
    kept_reset,
    kept_reward,
    kept_step,
    raised,
    refuse_infinite,
)
from tasks.errors import ContractError

STEPS = 32
SECONDS = 5.0
"""Of stepping, after which a trial ends: a slow environment is no mistake."""


@dataclass
class Trial:
    """What became of a trial.

    Attributes:
        mistakes: what the environment did wrong, as words about it: the first of each kind.
        largest: largest absolute value that was observed; None if nothing was.
        outside: whether observations left the bounds that the environment declares.
    """

    mistakes: dict[str, str] = field(default_factory=dict)
    largest: float | None = None
    outside: bool = False


def try_environment(instance: gymnasium.Env[Any, Any], seed: int) -> Trial:
    """Reset an environment with a seed and step it with random actions, across the ends of episodes.

    Args:
        instance: with Box observations and Discrete actions.
        seed: of the environment and of the actions.
    """
    return _Player(instance, seed).play()


class _Player:
    """Plays an environment and writes down what it does."""

    def __init__(self, instance: gymnasium.Env[Any, Any], seed: int) -> None:
        assert isinstance(instance.observation_space, Box)
        assert isinstance(instance.action_space, Discrete)
        self._instance, self._seed = instance, seed
        self._space, self._actions = instance.observation_space, instance.action_space
        self._contract = ObservationContract(self._space)
        self._rng = np.random.default_rng(seed)
        self._trial = Trial()

    def play(self) -> Trial:
        """Return what happened."""
        began = time.monotonic()
        going = self._reset(self._seed)
        steps_began = time.monotonic()
        for step in range(STEPS):
            if not going or time.monotonic() - steps_began > SECONDS:
                break
            ended = self._step()
            if ended is None:
                break
            if ended:
                going = self._reset(None)
            elif step == STEPS - 1 and time.monotonic() - began < SECONDS:
                self._reset(None)
        return self._trial

    def _reset(self, seed: int | None) -> bool:
        """Start an episode; return whether there is one."""
        try:
            answer = self._instance.reset(seed=seed)
        except BaseException as error:
            self._trial.mistakes.setdefault("reset", raised("reset", error))
            return False
        seen = self._held("reset", lambda: kept_reset(answer))
        if "reset" in self._trial.mistakes:
            return False
        self._observe(seen)
        return True

    def _step(self) -> bool | None:
        """Step once; return whether the episode ended, None if nothing can come after it."""
        try:
            answer = self._instance.step(self._actions.start + self._rng.integers(self._actions.n))
        except BaseException as error:
            self._trial.mistakes.setdefault("step", raised("step", error))
            return None
        parts = self._held("step", lambda: kept_step(answer))
        if parts is None:
            return None
        observation, reward, terminated, truncated = parts
        self._observe(observation)
        self._held("reward", lambda: refuse_infinite("a reward", np.array([kept_reward(reward)])))
        ends = (
            self._held("terminated", lambda: kept_end("terminated", terminated)),
            self._held("truncated", lambda: kept_end("truncated", truncated)),
        )
        return any(ends)

    def _observe(self, observation: object) -> None:
        frame = self._held("observation", lambda: self._contract.kept(observation))
        if frame is None or frame.size == 0:
            return
        self._held("observation", lambda: refuse_infinite("an observation", frame))
        low, high = float(frame.min()), float(frame.max())
        self._trial.largest = max(self._trial.largest or 0.0, abs(low), abs(high))
        self._trial.outside |= low < float(self._space.low.min()) or high > float(self._space.high.max())

    def _held(self, kind: str, check: Callable[[], Any]) -> Any:  # noqa: ANN401 - what the check returns
        """Return what a check returns; None, and a mistake of this kind, if it complains."""
        try:
            return check()
        except ContractError as error:
            self._trial.mistakes.setdefault(kind, str(error))
            return None
