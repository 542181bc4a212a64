"""Actions as choices: one in each dimension of the action, all of them numbered through.

Shape letters: N rows; D dimensions of an action; A choices of all dimensions together; K choices of the
dimension that has most.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Choices:
    """The choices that an action consists of, after Seyde et al. 2023, "Solving Continuous Control via
    Q-learning", section 3: one in each dimension, so that D dimensions of K choices have D K values in place
    of the K^D that a table of whole actions would have.

    An action is kept as the numbers of its choices, counted over all dimensions: (N,) where there is one
    dimension, (N, D) where there are several.

        choices = Choices((3, 2))
        choices.total                                            # 5
        choices.best(np.array([[0.1, 0.9, 0.3, 0.2, 0.7]]))      # [[1, 4]]

    Attributes:
        sizes: how many choices each dimension has.
    """

    sizes: tuple[int, ...]

    @property
    def total(self) -> int:
        """Choices of all dimensions."""
        return sum(self.sizes)

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """Shape of one action: () of one dimension, (D,) of several."""
        return () if len(self.sizes) == 1 else (len(self.sizes),)

    @property
    def even(self) -> bool:
        """Whether all dimensions have equally many choices."""
        return len(set(self.sizes)) == 1

    @cached_property
    def first(self) -> NDArray[np.int64]:
        """Number of the first choice of each dimension: (D,)."""
        return np.cumsum((0, *self.sizes[:-1]))

    @cached_property
    def table(self) -> NDArray[np.int64]:
        """Numbers of each dimension's choices: (D, K); a dimension with fewer repeats its first one."""
        place_K = np.arange(max(self.sizes))
        within_DK = np.where(place_K < np.array(self.sizes)[:, None], place_K, 0)
        return self.first[:, None] + within_DK

    def best(self, q_NA: NDArray[Any]) -> NDArray[np.int64]:
        """Return the choice of the largest value in each dimension, the first of equals: (N, *shape)."""
        if not self.shape:
            best_N: NDArray[np.int64] = q_NA.argmax(1)
            return best_N
        place_ND = q_NA[:, self.table].argmax(2)
        best_ND: NDArray[np.int64] = self.table[np.arange(len(self.sizes)), place_ND]
        return best_ND

    def per_dimension(self, action_N: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """Return actions with the choices of each dimension counted from 0: (N, D)."""
        return action_N.reshape(len(action_N), -1) - self.first

    def value(self, q_NA: NDArray[Any], action_N: NDArray[np.integer[Any]]) -> NDArray[Any]:
        """Return the value of actions, the mean over their choices (Seyde et al. 2023, eq. 4): (N,)."""
        value_N: NDArray[Any] = np.take_along_axis(q_NA, action_N.reshape(len(q_NA), -1), axis=1).mean(1)
        return value_N
