"""What an environment returned, as an array."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.errors import ContractError, shown, told
from tasks.readers.interface import Reader, Rows


def as_array(otherwise: str, value: object) -> NDArray[Any]:
    """Return a value as an array; `otherwise` is what it was if it cannot be one.

    Masked arrays are refused: the numbers under a mask count for nothing, and numpy would take them all.

    Raises:
        ContractError: it cannot be one.
    """
    if isinstance(value, np.ma.MaskedArray):
        raise ContractError(
            f"returned {otherwise.partition(' that ')[0]} that is a masked array (numpy.ma): masks are not "
            "kept; it should be returned as numbers, such as array.filled(0)"
        )
    try:
        return np.asarray(value)
    except BaseException as error:
        raise ContractError(f"returned {otherwise} ({type(value).__name__}): {told(error)}") from error


def largest(array: NDArray[Any]) -> float:
    """Return the number of largest absolute value among those that are finite."""
    finite = array[np.isfinite(array)]
    return float(finite.flat[np.abs(finite).argmax()])


def one_by_one(reader: Reader, values: Any, views: Sequence[NDArray[Any]], rows: Rows) -> None:  # noqa: ANN401
    """Write values of several rows in a loop, where they cannot be written at once.

    Raises:
        ContractError: one of them is not what the space declares, or there are too few or too many.
    """
    places = np.arange(len(views[0]))[rows]
    if not hasattr(values, "__len__") or len(values) != len(places):
        raise ContractError(f"returned {shown(values)} in place of the observations of {len(places)} streams")
    for place, value in zip(places.tolist(), values, strict=True):
        reader.read(value, views, place)


def refuse_other_rows(what: str, array: NDArray[Any], count: int) -> None:
    """Refuse an array that has not one row for each stream: numpy would repeat a single one.

    Raises:
        ContractError: it has not.
    """
    if array.ndim == 0 or len(array) != count:
        raise ContractError(
            f"returned {what} of shape {array.shape} for {count} streams; its first axis should be theirs"
        )
