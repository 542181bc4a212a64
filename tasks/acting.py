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
        high: what its last one stands for; the others are spread evenly between them.
    """

    choices: Choices
    shape: tuple[int, ...]
    dtype: str
    low: tuple[float, ...]
    high: tuple[float, ...]

    def native(self, action_N: NDArray[np.integer[Any]]) -> NDArray[Any]:
        """Return actions as the environment takes them: (N, *shape)."""
        low_D, step_D, high_D = self._ends
        numbers_ND = np.minimum(low_D + self.choices.per_dimension(action_N) * step_D, high_D)
        if self._whole:
            numbers_ND = np.rint(numbers_ND)
        return np.asarray(numbers_ND.reshape(len(action_N), *self.shape), self.dtype)

    @cached_property
    def _ends(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """What the first choices stand for, what each further one adds, and the last, which sums may pass."""
        low_D, high_D = np.array(self.low), np.array(self.high)
        return low_D, (high_D - low_D) / np.maximum(np.array(self.choices.sizes) - 1, 1), high_D

    @cached_property
    def _whole(self) -> bool:
        return np.dtype(self.dtype).kind in "iu"


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
        return _counted((int(space.n),), (), "int64", np.array([space.start]))
    if isinstance(space, spaces.MultiDiscrete):
        sizes = tuple(int(size) for size in space.nvec.flat)
        return _counted(sizes, space.shape, space.dtype.name, space.start.reshape(-1))
    if isinstance(space, spaces.MultiBinary):
        bits = int(np.prod(space.shape))
        return _counted((2,) * bits, space.shape, space.dtype.name, np.zeros(bits))
    raise SpaceError(
        f"has {_kind(space)} actions; a value network needs Discrete, MultiDiscrete or MultiBinary ones, or "
        "Box ones with tasks.*.action_bins (wrap the environment in gymnasium.wrappers.TransformAction for "
        "others)"
    )


def _counted(
    sizes: tuple[int, ...], shape: tuple[int, ...], dtype: str, start_D: NDArray[Any]
) -> ActionReader:
    """Return the reader of whole numbers, counted from `start_D` in each dimension."""
    last_D = start_D + np.array(sizes) - 1
    low, high = (tuple(map(float, ends_D.tolist())) for ends_D in (start_D, last_D))
    return ActionReader(Choices(sizes), shape, dtype, low, high)


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
    low, high = (tuple(map(float, ends.reshape(-1).tolist())) for ends in (space.low, space.high))
    return ActionReader(Choices((bins,) * space.low.size), space.shape, space.dtype.name, low, high)


def _kind(space: object) -> str:
    return "no declared" if space is None else type(space).__name__
