"""The reader of names of things: Discrete and MultiDiscrete spaces."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.spaces import Discrete, MultiDiscrete
from numpy.typing import NDArray

from tasks.errors import ContractError, shown
from tasks.observation import Part
from tasks.readers.arrays import as_array, refuse_other_rows
from tasks.readers.interface import Bounds, Rows


class IndicesReader:
    """Reads whole numbers that stand for things, and counts each of them from 0.

    They are kept as uint8 where all of them fit, else as int32.

    Args:
        space: what the environment declares.
        name: of the part.
        what: that is read, for sentences: `an observation`.
    """

    def __init__(self, space: Discrete | MultiDiscrete, name: str, what: str) -> None:
        self._what = what
        self._shape: tuple[int, ...] = space.shape or ()
        sizes = np.atleast_1d(space.n if isinstance(space, Discrete) else space.nvec)
        self._start = np.asarray(space.start)
        self._most = (sizes - 1).reshape(self._shape)
        dtype = "uint8" if sizes.max() <= 256 else "int32"
        flat = tuple(int(size) for size in sizes.flat)
        self.bounds: tuple[Bounds, ...] = ((0.0, float(sizes.max() - 1)),)
        self.parts: tuple[Part, ...] = (Part(name, "indices", self._shape or (1,), dtype, sizes=flat),)

    def read(self, value: object, views: Sequence[NDArray[Any]], row: int) -> None:
        """Write whole numbers."""
        array = as_array(f"{self._what} that is no whole number", value)
        views[0][row] = self._counted(array, array.shape)

    def read_rows(self, values: Any, views: Sequence[NDArray[Any]], rows: Rows) -> None:  # noqa: ANN401
        """Write whole numbers, a row for each stream."""
        array, view = as_array(f"{self._what} that is no whole number", values), views[0]
        refuse_other_rows(self._what, array, len(view[rows]))
        view[rows] = self._counted(array, array.shape[1:]).reshape(len(array), *view.shape[1:])

    def _counted(self, array: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
        """Return numbers from 0 on; `shape` is that of one observation."""
        if array.dtype.kind not in "iu" or shape != self._shape:
            raise ContractError(
                f"returned {self._what} of shape {shape} and dtype {array.dtype}, but declares whole "
                f"numbers of shape {self._shape}"
            )
        counted: NDArray[Any] = array - self._start
        if (counted < 0).any() or (counted > self._most).any():
            raise ContractError(
                f"returned {self._what} of {shown(array.tolist())}, but declares values from "
                f"{self._start.tolist()} to {(self._start + self._most).tolist()}"
            )
        return counted
