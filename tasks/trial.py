"""A trial of one environment: what it does within a few steps, before a run is built on it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from tasks.contract import kept_end, kept_reset, kept_reward, kept_step, raised, refuse_infinite
from tasks.declared import Declared
from tasks.errors import ContractError
from tasks.lives import lives_in
from tasks.reading import MASK_KEY

STEPS = 32
SECONDS = 5.0
"""Of stepping, after which a trial ends: a slow environment is no mistake."""


@dataclass
class Trial:
    """What became of a trial.

    Attributes:
        mistakes: what the environment did wrong, as words about it: the first of each kind.
        largest: largest absolute value of each part that was observed; empty if nothing was.
        outside: whether observations left the bounds that the environment declares.
        masks: whether infos came with a mask of actions.
    """

    mistakes: dict[str, str] = field(default_factory=dict)
    largest: tuple[float, ...] = ()
    outside: bool = False
    masks: bool = False


def try_environment(instance: gymnasium.Env[Any, Any], declared: Declared, seed: int) -> Trial:
    """Reset an environment with a seed and step it with random actions, across the ends of episodes.

    Args:
        instance: the environment.
        declared: its readers.
        seed: of the environment and of the actions.
    """
    return _Player(instance, declared, seed).play()


class _Player:
    """Plays an environment and writes down what it does."""

    def __init__(self, instance: gymnasium.Env[Any, Any], declared: Declared, seed: int) -> None:
        self._instance, self._seed = instance, seed
        self._observations, self._actions = declared.observations, declared.actions
        self._life_loss = declared.reading.life_loss
        layout = declared.layout
        self._views = layout.parts_of(np.zeros((1, *layout.frame_shape), layout.frame_dtype))
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
        except ContractError as error:
            self._trial.mistakes.setdefault("reset", str(error))
            return False
        except BaseException as error:
            self._trial.mistakes.setdefault("reset", raised("reset", error))
            return False
        seen = self._held("reset", lambda: kept_reset(answer))
        if "reset" in self._trial.mistakes:
            return False
        self._observe(*seen)
        return True

    def _step(self) -> bool | None:
        """Step once; return whether the episode ended, None if nothing can come after it."""
        try:
            answer = self._instance.step(self._actions.native(self._action())[0])
        except ContractError as error:
            self._trial.mistakes.setdefault("step", str(error))
            return None
        except BaseException as error:
            self._trial.mistakes.setdefault("step", raised("step", error))
            return None
        parts = self._held("step", lambda: kept_step(answer))
        if parts is None:
            return None
        observation, reward, terminated, truncated, info = parts
        ends = (
            self._held("terminated", lambda: kept_end("terminated", terminated)),
            self._held("truncated", lambda: kept_end("truncated", truncated)),
        )
        self._observe(observation, info, ended=bool(ends[0]))
        self._held("reward", lambda: refuse_infinite("a reward", np.array([kept_reward(reward)])))
        return any(ends)

    def _action(self) -> NDArray[np.int64]:
        """Return a random action of those that are allowed."""
        choices = self._actions.choices
        keys_A = self._rng.random((1, choices.total))
        mask = self._observations.mask_of(self._views)
        return choices.best(keys_A if mask is None else np.where(mask, keys_A, -1.0))

    def _observe(self, observation: object, info: object, ended: bool = False) -> None:
        self._trial.masks |= isinstance(info, Mapping) and MASK_KEY in info
        if self._life_loss:
            self._held("lives", partial(lives_in, info))
        read = partial(self._observations.read, observation, info, self._views, 0, ended)
        if self._held("observation", lambda: read() is None) is None:
            return
        for part, view in zip(self._observations.layout.parts, self._views, strict=True):
            self._held("observation", partial(refuse_infinite, part.what, view))
        largest = tuple(float(np.abs(part).max()) for part in self._views)
        before = self._trial.largest or largest
        self._trial.largest = tuple(max(pair) for pair in zip(before, largest, strict=True))
        self._trial.outside |= any(
            float(part.min()) < low or float(part.max()) > high
            for part, (low, high) in zip(self._views, self._observations.bounds, strict=True)
        )

    def _held(self, kind: str, check: Callable[[], Any]) -> Any:  # noqa: ANN401 - what the check returns
        """Return what a check returns; None, and a mistake of this kind, if it complains."""
        try:
            return check()
        except ContractError as error:
            self._trial.mistakes.setdefault(kind, str(error))
            return None
