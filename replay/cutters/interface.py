"""What a cutter is: it says what a sample consists of; the selector says at which row it starts."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from replay.rows import RowRing


class Cutter(Protocol):
    """Cuts samples out of rows. Whoever reads the batches knows the columns that it makes.

    A fragment lies in the ring as a whole or has no item any more, so a cutter may look at all rows from a
    drawn one to the fragment's `END`, and at those before it in the same fragment.
    """

    def cut(self, rows: RowRing, slots: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Return columns (B, ...) by name, for samples that start at the rows in these slots: (B,)."""
