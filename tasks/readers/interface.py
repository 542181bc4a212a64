"""What a reader is."""

from collections.abc import Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

from tasks.observation import Part

Bounds = tuple[float, float]


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
