"""What a reader is."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tasks.observation import Part

Bounds = tuple[float, float]
Rows = slice | NDArray[np.intp]
"""Some of the rows of frames."""


class Reader(Protocol):
    """Writes what an environment returned into the memory of its parts, or refuses it by name.

    Attributes:
        parts: that it makes of a value, one or more.
        bounds: lowest and highest value of each of them, by what the space declares.
    """

    parts: tuple[Part, ...]
    bounds: tuple[Bounds, ...]

    def read(self, value: object, views: Sequence[NDArray[Any]], row: int) -> None:
        """Write a value into `views[i][row]` of each part i: (rows, *part.shape) each.

        Values are never changed in silence.

        Raises:
            ContractError: it is not what the space declares; what was written so far means nothing.
        """

    def read_rows(self, values: Any, views: Sequence[NDArray[Any]], rows: Rows) -> None:  # noqa: ANN401
        """Write the values of several rows at once, as environments give them that step together.

        Args:
            values: what `gymnasium.vector.utils.batch_space` of the space holds: arrays with one more axis,
                in the dicts and tuples of the space; texts and sequences come as a tuple of them.
            views: as in `read`.
            rows: which of them; all of them are given.

        Raises:
            ContractError: as in `read`.
        """
