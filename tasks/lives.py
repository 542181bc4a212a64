"""Lives that are lost before an episode ends, as Atari games count them."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tasks.errors import ContractError, shown

LIVES_KEY = "lives"
_UNSAID = f'returned no info["{LIVES_KEY}"], which tasks.*.life_loss asks for'


def lives_in(info: object) -> int:
    """Return how many lives are left.

    Raises:
        ContractError: the info does not say.
    """
    if not (isinstance(info, Mapping) and LIVES_KEY in info):
        raise ContractError(_UNSAID)
    lives = info[LIVES_KEY]
    if not isinstance(lives, int | np.integer):
        raise ContractError(f'returned info["{LIVES_KEY}"] as {shown(lives)}; it should be a whole number')
    return int(lives)


def lives_in_rows(infos: object, count: int) -> NDArray[np.int64]:
    """Return how many lives are left in each of so many streams.

    Raises:
        ContractError: the infos do not say.
    """
    if not (isinstance(infos, Mapping) and LIVES_KEY in infos):
        raise ContractError(_UNSAID)
    lives = np.asarray(infos[LIVES_KEY])
    if lives.dtype.kind not in "iu" or lives.shape != (count,):
        raise ContractError(
            f'returned infos["{LIVES_KEY}"] of shape {lives.shape} and dtype {lives.dtype}; it should be '
            f"{count} whole numbers"
        )
    return lives.astype(np.int64)


class Lives:
    """Counts the lives of streams.

    lives = Lives(num_envs=2)
    lives.begin(0, {"lives": 3})
    lives.lost(0, {"lives": 2})      # True
    lives.lost(0, {"lives": 2})      # False
    """

    def __init__(self, num_envs: int) -> None:
        self._left = [0] * num_envs

    def begin(self, stream: int, info: object) -> None:
        """Take in what an episode begins with.

        Raises:
            ContractError: the info does not say.
        """
        self._left[stream] = lives_in(info)

    def lost(self, stream: int, info: object) -> bool:
        """Return whether a step lost a life.

        Raises:
            ContractError: the info does not say.
        """
        before, self._left[stream] = self._left[stream], lives_in(info)
        return self._left[stream] < before
