"""Lives that are lost before an episode ends, as Atari games count them."""

from collections.abc import Mapping

import numpy as np

from tasks.errors import ContractError, shown

LIVES_KEY = "lives"


def lives_in(info: object) -> int:
    """Return how many lives are left.

    Raises:
        ContractError: the info does not say.
    """
    if not (isinstance(info, Mapping) and LIVES_KEY in info):
        raise ContractError(f'returned no info["{LIVES_KEY}"], which tasks.*.life_loss asks for')
    lives = info[LIVES_KEY]
    if not isinstance(lives, int | np.integer):
        raise ContractError(f'returned info["{LIVES_KEY}"] as {shown(lives)}; it should be a whole number')
    return int(lives)


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
