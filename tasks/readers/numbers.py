"""The reader of quantities: Box and MultiBinary spaces, images among them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.spaces import Box, MultiBinary
from numpy.typing import NDArray

from tasks.errors import ContractError
from tasks.observation import Part
from tasks.readers.arrays import as_array, largest, refuse_other_rows
from tasks.readers.interface import Bounds, Rows

EXACT_IN_FLOAT32 = 2**24
"""Whole numbers up to here are themselves in float32; beyond it some become their neighbours."""
LARGEST_FLOAT32 = float(np.finfo(np.float32).max)


class NumbersReader:
    """Reads arrays of numbers.

    uint8 stays uint8, booleans and the bits of a MultiBinary become 0 and 1 in uint8, and all else is kept as
    float32. Where the dtype is another one than declared, values are taken only if each of them stays the
    number that it is. A single number, of shape (), is kept in the shape (1,).

        reader = NumbersReader(env.observation_space, "", "an observation")
        reader.read(observation, [frame_EO], row=3)

    Args:
        space: what the environment declares.
        name: of the part.
        what: that is read, for sentences: `an observation`.
    """

    def __init__(self, space: Box | MultiBinary, name: str, what: str) -> None:
        self._what = what
        self._shape: tuple[int, ...] = space.shape
        self._declared = np.dtype(np.bool_ if isinstance(space, MultiBinary) else space.dtype)
        self._bits = isinstance(space, MultiBinary)
        self._dtype = np.dtype(np.uint8 if self._declared in (np.uint8, np.bool_) else np.float32)
        self._as_it_is = self._declared != np.bool_
        self.bounds: tuple[Bounds, ...] = ((0.0, 1.0) if isinstance(space, MultiBinary) else _bounds(space),)
        scale = 255.0 if self._declared == np.uint8 else 1.0
        self.parts: tuple[Part, ...] = (
            Part(name, "numbers", self._shape or (1,), self._dtype.name, scale=(scale,)),
        )

    def read(self, value: object, views: Sequence[NDArray[Any]], row: int) -> None:
        """Write an array of numbers."""
        array = self._kept(value)
        self._refuse_other_shapes(array.shape)
        views[0][row] = array

    def read_rows(self, values: Any, views: Sequence[NDArray[Any]], rows: Rows) -> None:  # noqa: ANN401
        """Write an array of numbers, a row for each stream."""
        array, view = self._kept(values), views[0]
        refuse_other_rows(self._what, array, len(view[rows]))
        self._refuse_other_shapes(array.shape[1:])
        view[rows] = array.reshape(len(array), *view.shape[1:])

    def _kept(self, value: object) -> NDArray[Any]:
        """Return an array in the dtype that is kept."""
        if self._as_it_is and type(value) is np.ndarray and value.dtype == self._dtype:
            return value
        return self._converted(value)

    def _refuse_other_shapes(self, shape: tuple[int, ...]) -> None:
        if shape != self._shape:
            raise ContractError(f"returned {self._what} of shape {shape}, but declares {self._shape}")

    def _converted(self, value: object) -> NDArray[Any]:
        array = as_array(f"{self._what} that is no array of numbers", value)
        if array.dtype.kind == "O":
            raise ContractError(
                f"returned {self._what} that is no array of numbers ({type(value).__name__}), "
                f"but declares {self._declared}"
            )
        if array.dtype.kind not in ("fiub" if self._dtype == np.float32 else "iu") and not (
            array.dtype == self._declared == np.bool_
        ):
            raise ContractError(
                f"returned {self._what} of dtype {array.dtype}, but declares {self._declared}: values are "
                "never rounded or cast; the space should be declared with the dtype that is returned"
            )
        if array.dtype.kind in "iu":
            self._refuse_changes(array)
        try:
            with np.errstate(over="raise"):
                return array.astype(self._dtype)
        except FloatingPointError as error:
            raise ContractError(
                f"returned {self._what} with a value of {largest(array):g}: observations are kept as "
                f"float32, which holds at most {LARGEST_FLOAT32:g}"
            ) from error

    def _refuse_changes(self, array: NDArray[Any]) -> None:
        """Refuse whole numbers that are others once they are kept."""
        high = {"bool": 1, "uint8": 255}.get(self._declared.name, EXACT_IN_FLOAT32)
        low = 0 if self._dtype == np.uint8 else -high
        if array.size and not low <= array.min() <= array.max() <= high:
            name = "MultiBinary" if self._bits else self._declared.name
            kept = f"float32 keeps {name} exactly" if low else f"{name} holds"
            raise ContractError(
                f"returned {self._what} of dtype {array.dtype} with values from {array.min()} to "
                f"{array.max()}, but {kept} from {low} to {high} only"
            )


def _bounds(space: Box) -> tuple[float, float]:
    return float(space.low.min()), float(space.high.max())
