"""The reader of Sequences: up to so many things of one kind, in their order."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from tasks.errors import ContractError
from tasks.observation import Part
from tasks.readers.arrays import one_by_one
from tasks.readers.interface import Bounds, Reader, Rows


class SequenceReader:
    """Reads a tuple, or a stack, of at most `length` elements; what is missing is 0.

    Of an element that is named by indices 0 stands for none, and the things count from 1. A further part says
    how many elements there are.

    Args:
        element: reads one element, into one part.
        space: what the environment declares.
        what: that is read, for sentences: `an observation`.
        length: most elements.
    """

    def __init__(self, element: Reader, space: spaces.Sequence, what: str, length: int) -> None:
        self._element, self._what, self._length = element, what, length
        self._stacked = bool(space.stack)
        (part,) = element.parts
        self._shift = 1 if part.kind == "indices" else 0
        sizes = tuple(size + 1 for size in part.sizes) * length
        dtype = "int32" if part.kind == "indices" else part.dtype
        count = f"{part.name}.length" if part.name else "length"
        self.parts: tuple[Part, ...] = (
            replace(part, shape=(length, *part.shape), sizes=sizes, dtype=dtype),
            Part(count, "numbers", (1,), "float32", scale=(float(length),)),
        )
        (low, high), *_ = element.bounds
        self.bounds: tuple[Bounds, ...] = ((min(low, 0.0), high + self._shift), (0.0, float(length)))
        self._scratch = np.zeros((1, *part.shape), part.dtype)

    def read(self, value: object, views: Sequence[NDArray[Any]], row: int) -> None:
        """Write a sequence."""
        if not isinstance(value, tuple | list | np.ndarray):
            kind = "a stack" if self._stacked else "a tuple"
            raise ContractError(f"returned {self._what} that is not {kind} ({type(value).__name__})")
        if len(value) > self._length:
            raise ContractError(
                f"returned {self._what} of {len(value)} elements, and {self._length} are kept at "
                "most; tasks.*.observation_length should be larger"
            )
        elements, count = views[0][row], views[1][row]
        elements[...] = 0
        for place, element in enumerate(value):
            self._element.read(element, [self._scratch], 0)
            elements[place] = self._scratch[0].astype(elements.dtype) + self._shift
        count[...] = len(value)

    def read_rows(self, values: Any, views: Sequence[NDArray[Any]], rows: Rows) -> None:  # noqa: ANN401
        """Write sequences, one after the other."""
        one_by_one(self, values, views, rows)
