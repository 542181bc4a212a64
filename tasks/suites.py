"""Suites of environments: which ids they have, which module registers them, and which extra brings it."""

import importlib
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.util import find_spec


@dataclass(frozen=True)
class Suite:
    """Environments that come together.

    Attributes:
        name: of the suite.
        ids: of its environments, with `*` for any letters.
        about: what they are.
        module: that they need; None if Gymnasium has all of it.
        extra: of trunkline, that installs the module; None if it is there already.
        registers: whether Gymnasium knows the ids only once the module is imported.
    """

    name: str
    ids: tuple[str, ...]
    about: str
    module: str | None = None
    extra: str | None = None
    registers: bool = False

    @property
    def installed(self) -> bool:
        """Whether its environments can be built here."""
        return self.module is None or find_spec(self.module) is not None

    def has(self, env: str) -> bool:
        """Return whether an id is one of its own."""
        return any(fnmatchcase(env, pattern) for pattern in self.ids)


def register(env: str) -> None:
    """Import what registers an environment's id, if a suite has it.

    Raises:
        ModuleNotFoundError: the suite is not installed.
    """
    for suite in SUITES:
        if suite.module is not None and suite.registers and suite.has(env):
            importlib.import_module(suite.module)


def register_all() -> None:
    """Import all suites that are installed, so that Gymnasium knows their ids."""
    for suite in SUITES:
        if suite.module is not None and suite.registers:
            with suppress(Exception):
                importlib.import_module(suite.module)


SUITES = (
    Suite("trunkline", ("trunkline/*",), "small tasks of our own"),
    Suite("classic control", ("CartPole-*", "MountainCar*", "Acrobot-*", "Pendulum-*"), "poles, cars, links"),
    Suite("toy text", ("Taxi-*", "Blackjack-*", "FrozenLake*", "CliffWalking*"), "small tables of states"),
    Suite("Box2D", ("LunarLander*", "BipedalWalker*", "CarRacing-*"), "landing, walking", "Box2D", "box2d"),
    Suite("MinAtar", ("MinAtar/*",), "five small Atari games, 10x10", "minatar", "minatar"),
    Suite("Atari", ("ALE/*",), "Atari 2600 games", "ale_py", "atari", True),
    Suite("MiniGrid", ("MiniGrid-*", "BabyAI-*"), "grid worlds with missions", "minigrid", "minigrid", True),
)
"""Every suite. Any other id of Gymnasium, module:id and module:Class work too."""
