"""The reader of masks: which choices are allowed in a state."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.choices import Choices
from tasks.errors import ContractError
from tasks.observation import Part
from tasks.readers.arrays import as_array, one_by_one
from tasks.readers.interface import Bounds, Rows


class MaskReader:
    """Reads a flag for each choice, of all dimensions one after another, or a tuple of one array a dimension.

    Args:
        choices: of an action.
        name: of the part.
        what: that is read, for sentences: `info["action_mask"]`.
    """

    def __init__(self, choices: Choices, name: str, what: str) -> None:
        self._choices, self._what = choices, what
        self.bounds: tuple[Bounds, ...] = ((0.0, 1.0),)
        self.parts: tuple[Part, ...] = (Part(name, "mask", (choices.total,), "uint8"),)

    def read(self, value: object, views: Sequence[NDArray[Any]], row: int) -> None:
        """Write the flags."""
        pieces = value if isinstance(value, tuple | list) else [value]
        arrays = [as_array(f"{self._what} that is no array", piece).reshape(-1) for piece in pieces]
        flags_A = np.concatenate(arrays) if len(arrays) > 1 else arrays[0]
        if flags_A.dtype.kind not in "biuf" or not np.isin(flags_A, (0, 1)).all():
            raise ContractError(
                f"returned {self._what} of dtype {flags_A.dtype} with other values than 0 and 1; it should "
                "have 1 for each choice that is allowed and 0 for each other one"
            )
        if len(flags_A) != self._choices.total:
            raise ContractError(
                f"returned {self._what} of {len(flags_A)} values, but its actions have "
                f"{self._choices.total} choices"
            )
        views[0][row] = flags_A

    def read_rows(self, values: Any, views: Sequence[NDArray[Any]], rows: Rows) -> None:  # noqa: ANN401
        """Write the flags of several rows."""
        view = views[0]
        shape = (len(view[rows]), self._choices.total)
        plain = isinstance(values, np.ndarray) and values.dtype.kind in "biu" and values.shape == shape
        if plain and ((values == 0) | (values == 1)).all():
            view[rows] = values
        else:
            one_by_one(self, values, views, rows)

    def refuse_none(self, flags: NDArray[np.uint8]) -> None:
        """Refuse a state, or several, in which some dimension has no choice that is allowed.

        Raises:
            ContractError: there is one.
        """
        if not flags[..., self._choices.table].any(-1).all():
            raise ContractError(
                f"returned {self._what} that allows no action in a state from which the episode goes on; at "
                "least one choice of each dimension should be allowed, or the episode terminated"
            )
