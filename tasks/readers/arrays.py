"""What an environment returned, as an array."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.errors import ContractError, told


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
