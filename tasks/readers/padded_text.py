"""The reader of texts that come as bytes of a fixed number, with zeros after the last letter."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.spaces import Space
from numpy.typing import NDArray

from tasks.errors import ContractError
from tasks.observation import Part
from tasks.readers.arrays import as_array, refuse_other_rows
from tasks.readers.interface import Bounds, Rows
from tasks.readers.words import TOKENS, WORDS, tokens

Bytes = NDArray[np.uint8]


class PaddedText(Space[Bytes]):
    """Texts of at most `size` bytes in UTF-8, as arrays of `size` bytes.

    Args:
        size: of the arrays.
    """

    def __init__(self, size: int) -> None:
        super().__init__((size,), np.uint8)
        self.size = size


class PaddedTextReader:
    """Reads such texts as rows of tokens, as `WordsReader` does.

    Most texts stay as they are from step to step: only rows whose bytes changed are read again.

    Args:
        space: what the environment declares.
        name: of the part.
        what: that is read, for sentences: `an observation`.
        length: most words; None for as many as fit, `WORDS` at most.
    """

    def __init__(self, space: PaddedText, name: str, what: str, length: int | None) -> None:
        self._what, self._size = what, space.size
        self._length = length or max(1, min(WORDS, (space.size + 1) // 2))
        self.bounds: tuple[Bounds, ...] = ((0.0, float(TOKENS)),)
        self.parts: tuple[Part, ...] = (Part(name, "words", (self._length,), "int32"),)
        self._bytes_ES: Bytes = np.zeros((0, self._size), np.uint8)
        self._tokens_EL: NDArray[np.int32] = np.zeros((0, self._length), np.int32)

    def read(self, value: object, views: Sequence[NDArray[Any]], row: int) -> None:
        """Write a text."""
        array = self._array(value)
        self._refuse_others(array, array.shape)
        views[0][row] = self._read(array)

    def read_rows(self, values: Any, views: Sequence[NDArray[Any]], rows: Rows) -> None:  # noqa: ANN401
        """Write a text for each stream."""
        view = views[0]
        text_NS = self._array(values)
        self._refuse_others(text_NS, text_NS.shape[1:])
        places = np.arange(len(view))[rows]
        refuse_other_rows(self._what, text_NS, len(places))
        if len(self._bytes_ES) != len(view):
            self._bytes_ES = np.zeros((len(view), self._size), np.uint8)
            self._tokens_EL = np.zeros((len(view), self._length), np.int32)
        changes_NS = text_NS != self._bytes_ES[rows]
        for changed in changes_NS.any(1).nonzero()[0].tolist() if changes_NS.any() else ():
            place = places[changed]
            self._tokens_EL[place] = self._read(text_NS[changed])
            self._bytes_ES[place] = text_NS[changed]
        view[rows] = self._tokens_EL[rows]

    def _array(self, value: object) -> NDArray[Any]:
        return as_array(f"{self._what} that is no text in bytes", value)

    def _refuse_others(self, array: NDArray[Any], shape: tuple[int, ...]) -> None:
        if array.dtype != np.uint8 or shape != (self._size,):
            raise ContractError(
                f"returned {self._what} of shape {shape} and dtype {array.dtype}, but declares texts of "
                f"{self._size} bytes"
            )

    def _read(self, text_S: Bytes) -> NDArray[np.int32]:
        """Return the tokens of a text: (length,)."""
        text = text_S.tobytes().partition(b"\0")[0].decode("utf-8", errors="replace")
        found = tokens(text)
        if len(found) > self._length:
            raise ContractError(
                f"returned {self._what} of {len(found)} words, and {self._length} are kept: "
                "observation_length of the task should be larger"
            )
        token_L = np.zeros(self._length, np.int32)
        token_L[: len(found)] = found
        return token_L
