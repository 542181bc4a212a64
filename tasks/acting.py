"""From choices to the actions that an environment takes."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from tasks.choices import Choices
from tasks.errors import SpaceError
from tasks.reading import Reading


@dataclass(frozen=True)
class ActionReader:
    """What an environment's actions consist of, and how they are handed to it.

        reader = action_reader(env.action_space, Reading(action_bins=3))
        for env, action in zip(envs, reader.native(choice_EN), strict=True):
            env.step(action)

    Attributes:
        choices: of an action.
        shape: of the environment's action.
        dtype: of it.
        low: what the first choice of each dimension stands for.
        step: what each further one adds to it.
    """

    choices: Choices
    shape: tuple[int, ...]
    dtype: str
    low: tuple[float, ...]
    step: tuple[float, ...]

    def native(self, action_N: NDArray[np.integer[Any]]) -> NDArray[Any]:
        """Return actions as the environment takes them: (N, *shape)."""
        step_D, low_D = self._arrays
        numbers_ND = self.choices.per_dimension(action_N) * step_D + low_D
        return np.asarray(numbers_ND.reshape(len(action_N), *self.shape), self.dtype)

    @cached_property
    def _arrays(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return np.array(self.step), np.array(self.low)


def action_reader(space: object, reading: Reading) -> ActionReader:
    """Return the reader of an action space.

    Raises:
        SpaceError: a value network cannot act in it as it is.
    """
    if isinstance(space, spaces.Box):
        return _of_box(space, reading.action_bins)
    if reading.action_bins is not None:
        raise SpaceError(
            f"has {_kind(space)} actions, for which tasks.*.action_bins {reading.action_bins} is not meant; "
            "it should be null, since such actions are choices already"
        )
    if isinstance(space, spaces.Discrete):
        return ActionReader(Choices((int(space.n),)), (), "int64", (float(space.start),), (1.0,))
    if isinstance(space, spaces.MultiDiscrete):
        sizes = tuple(int(size) for size in space.nvec.flat)
        low = tuple(float(start) for start in space.start.flat)
        return ActionReader(Choices(sizes), space.shape, space.dtype.name, low, (1.0,) * len(sizes))
    if isinstance(space, spaces.MultiBinary):
        bits = int(np.prod(space.shape))
        low, step = (0.0,) * bits, (1.0,) * bits
        return ActionReader(Choices((2,) * bits), space.shape, space.dtype.name, low, step)
    raise SpaceError(
        f"has {_kind(space)} actions; a value network needs Discrete, MultiDiscrete or MultiBinary ones, or "
        "Box ones with tasks.*.action_bins (wrap the environment in gymnasium.wrappers.TransformAction for "
        "others)"
    )


def _of_box(space: spaces.Box, bins: int | None) -> ActionReader:
    if bins is None:
        raise SpaceError(
            f"has Box actions of shape {space.shape}, and a value network chooses among a few values; "
            "tasks.*.action_bins should say how many each of their dimensions has: 2 and 3 are usual"
        )
    if space.low.size == 0:
        raise SpaceError(f"has Box actions of shape {space.shape}; there should be something to choose")
    if not (np.isfinite(space.low).all() and np.isfinite(space.high).all()):
        raise SpaceError(
            f"has Box actions without finite bounds, between which the {bins} values of tasks.*.action_bins "
            "would lie; wrap the environment in gymnasium.wrappers.TransformAction, with a Box that has "
            "bounds"
        )
    low, high = space.low.astype(np.float64).reshape(-1), space.high.astype(np.float64).reshape(-1)
    step = (high - low) / (bins - 1)
    choices = Choices((bins,) * low.size)
    return ActionReader(choices, space.shape, space.dtype.name, tuple(low.tolist()), tuple(step.tolist()))


def _kind(space: object) -> str:
    return "no declared" if space is None else type(space).__name__
