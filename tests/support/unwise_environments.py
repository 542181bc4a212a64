"""Environments that keep their contract and are unwise to train on, in one way each; nobody registers them.

Any process can build them by `tests.support.unwise_environments:Erratic` and the like.
"""

import itertools
from typing import Any

import numpy as np

from tests.support.odd_environments import Steady

MODULE = "tests.support.unwise_environments"


def unwise(name: str) -> str:
    """Return the name by which any process can build one of these environments."""
    return f"{MODULE}:{name}"


class Erratic(Steady):
    """Pays what no seed repeats."""

    _counter = itertools.count()

    def reward(self) -> Any:
        """Return a number that was never returned before."""
        return float(next(self._counter))


class Shuffled(Steady):
    """Begins where no seed has a say."""

    _counter = itertools.count()

    def seen(self) -> Any:
        """Return a number that was never seen before."""
        return np.full(2, next(self._counter) % 100, np.float32)


class Restless(Steady):
    """Ends when no seed says so."""

    _counter = itertools.count(1)

    def ends(self) -> Any:
        """End in every seventh step of all instances."""
        return next(self._counter) % 7 == 0, False


class Lavish(Steady):
    """Pays a million."""

    def reward(self) -> Any:
        """Return it."""
        return -1e6


class Stingy(Steady):
    """Pays nothing."""

    def reward(self) -> Any:
        """Return zero."""
        return 0.0


class Endless(Stingy):
    """Goes on and on."""

    def seen(self) -> Any:
        """Show the same."""
        return np.zeros(2, np.float32)

    def ends(self) -> Any:
        """Never end."""
        return False, False
