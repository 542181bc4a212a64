"""The reader of texts: missions, lines of a story, strings of characters."""

import re
import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from gymnasium.spaces import Text
from numpy.typing import NDArray

from tasks.errors import ContractError, shown
from tasks.observation import Part
from tasks.readers.arrays import one_by_one
from tasks.readers.interface import Bounds, Rows

WORDS = 64
"""Words that are kept of a text whose space has no end, or a far one."""
TOKENS = 2**20
"""Tokens are 1 .. TOKENS: of 40 words two get the same one in a thousandth of all vocabularies."""

_TOKEN = re.compile(r"\w+|[^\w\s]")


class WordsReader:
    """Reads texts as rows of tokens, 0 after the last word.

    A token is a hash of the word in small letters, or of a single sign, so that no vocabulary has to be known
    or kept. Where a Text space has no blank among its characters each character is a word.

    Args:
        space: what the environment declares: a Text, or any other space of texts.
        name: of the part.
        what: that is read, for sentences: `an observation`.
        length: most words; None for what a Text says, `WORDS` at most.
    """

    def __init__(self, space: object, name: str, what: str, length: int | None) -> None:
        self._what, self._name = what, name
        self._by_character = isinstance(space, Text) and not any(map(str.isspace, space.character_set))
        own = WORDS
        if isinstance(space, Text):
            own = min(WORDS, space.max_length if self._by_character else (space.max_length + 1) // 2)
        self._length = length or max(1, own)
        self.bounds: tuple[Bounds, ...] = ((0.0, float(TOKENS)),)
        self.parts: tuple[Part, ...] = (Part(name, "words", (self._length,), "int32"),)

    def read(self, value: object, views: Sequence[NDArray[Any]], row: int) -> None:
        """Write a text."""
        if not isinstance(value, str):
            raise ContractError(f"returned {self._what} that is no text ({shown(value)}), but declares texts")
        found = tokens(value, self._by_character)
        if len(found) > self._length:
            raise ContractError(
                f"returned {self._what} of {len(found)} words, and {self._length} are kept at "
                "most; tasks.*.observation_length should be larger"
            )
        tokens_L = views[0][row]
        tokens_L[: len(found)] = found
        tokens_L[len(found) :] = 0

    def read_rows(self, values: Any, views: Sequence[NDArray[Any]], rows: Rows) -> None:  # noqa: ANN401
        """Write texts, one after the other."""
        one_by_one(self, values, views, rows)


@lru_cache(maxsize=4096)
def tokens(text: str, by_character: bool = False) -> NDArray[np.int32]:
    """Return the token of each word of a text, or of each character; the array must not be changed."""
    words = list(text) if by_character else _TOKEN.findall(text.lower())
    return np.array([1 + zlib.crc32(word.encode()) % TOKENS for word in words], np.int32)
