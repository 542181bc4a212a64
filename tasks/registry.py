"""Environments that trunkline knows, with the settings that suit them.

A configuration that names one of these environments gets its settings as defaults; any other Gymnasium
environment works too, with plain defaults.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from tasks.reading import INFO
from tasks.sources.prefixes import WITHOUT_INFO, prefix_of, without_prefix


@dataclass(frozen=True)
class KnownEnvironment:
    """Recommended settings of one environment, or of all whose ids have a form.

    Attributes:
        name: of the environment.
        env: its id; `*` stands for any letters.
        about: what is to be done.
        solved_at, discount, max_episode_steps: as in `TaskSpec`.
        observation_scale: divisors of the elements, or of a part by its name; of the environment without
            wrappers.
        action_mask: as in `Reading`; of the environment without wrappers.
    """

    name: str
    env: str
    about: str
    solved_at: float | None = None
    discount: float = 0.99
    max_episode_steps: int | None = None
    observation_scale: tuple[float, ...] | Mapping[str, tuple[float, ...]] | None = None
    action_mask: str | None = None

    def settings(self, wrapped: bool) -> dict[str, Any]:
        """Return the settings as a configuration has them.

        Args:
            wrapped: whether wrappers stand around the environment, which may change its spaces.
        """
        every = {
            name: value
            for name, value in asdict(self).items()
            if name not in ("name", "env", "about") and not (wrapped and name in _OF_SPACES)
        }
        return {name: _plain(value) for name, value in every.items()}


class EnvironmentRegistry:
    """Known environments by id.

    registry = EnvironmentRegistry()
    registry.add(KnownEnvironment("cartpole", "CartPole-v1", "balance a pole", solved_at=475))
    registry.find("CartPole-v1").solved_at
    """

    def __init__(self) -> None:
        self._by_env: dict[str, KnownEnvironment] = {}

    def add(self, known: KnownEnvironment) -> None:
        """Register an environment.

        Raises:
            ValueError: its id or its name is registered already.
        """
        if known.env in self._by_env or known.name in {other.name for other in self._by_env.values()}:
            raise ValueError(f"environment {known.name!r} ({known.env}) is registered already")
        self._by_env[known.env] = known

    def find(self, env: str) -> KnownEnvironment | None:
        """Return the settings for an environment id, from whichever source, or None if it is not known.

        Its own settings come before those of its form. A source whose infos hold no mask gets none.
        """
        name = without_prefix(env)
        alike = (known for form, known in self._by_env.items() if fnmatchcase(name, form))
        known = self._by_env.get(name) or next(alike, None)
        if known is not None and known.action_mask == INFO and prefix_of(env) in WITHOUT_INFO:
            return replace(known, action_mask=None)
        return known

    def all(self) -> list[KnownEnvironment]:
        """Return every known environment, in order of registration."""
        return list(self._by_env.values())


def _plain(value: object) -> object:
    """Return a setting with lists where it has tuples."""
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    return list(value) if isinstance(value, tuple) else value


def shipped_registry() -> EnvironmentRegistry:
    """Return a registry with the environments that trunkline ships settings for."""
    registry = EnvironmentRegistry()
    for known in _SHIPPED:
        registry.add(known)
    return registry


_OF_SPACES = ("observation_scale", "action_mask")

_SHIPPED = (
    KnownEnvironment(
        "cartpole",
        "CartPole-v1",
        "keep a pole upright on a cart",
        solved_at=475.0,
        observation_scale=(2.4, 3.0, 0.21, 3.0),
    ),
    KnownEnvironment(
        "mountaincar",
        "MountainCar-v0",
        "rock an under-powered car out of a valley",
        solved_at=-110.0,
        observation_scale=(1.2, 0.07),
    ),
    KnownEnvironment(
        "acrobot",
        "Acrobot-v1",
        "swing a two-link arm above a line",
        solved_at=-100.0,
        observation_scale=(1.0, 1.0, 1.0, 1.0, 4.0, 9.0),
    ),
    KnownEnvironment(
        "car_on_hill",
        "trunkline/CarOnHill-v0",
        "swing back to drive over a hill, for a reward at the end",
        solved_at=0.9,
        discount=0.95,
        observation_scale=(1.0, 3.0),
    ),
    KnownEnvironment(
        "inverted_pendulum",
        "trunkline/InvertedPendulum-v0",
        "keep a pole upright with noisy pushes",
        solved_at=-0.1,
        discount=0.95,
        observation_scale=(1.57, 5.0),
    ),
    KnownEnvironment("catch", "trunkline/Catch-v0", "catch a falling ball with a paddle", solved_at=0.9),
    KnownEnvironment(
        "chain", "trunkline/Chain-v0", "walk to the far end of a chain against a small lure", solved_at=0.9
    ),
    KnownEnvironment(
        "identity", "trunkline/Identity-v0", "repeat the shown symbol", solved_at=18.0, discount=0.5
    ),
    KnownEnvironment(
        "taxi", "Taxi-v*", "take passengers where they want to go", solved_at=7.0, action_mask=INFO
    ),
    KnownEnvironment("blackjack", "Blackjack-v1", "draw cards up to 21", max_episode_steps=50),
    KnownEnvironment("frozen_lake", "FrozenLake-v1", "cross slippery ice", solved_at=0.7),
    KnownEnvironment("frozen_lake_8x8", "FrozenLake8x8-v1", "cross more of it", solved_at=0.85),
    KnownEnvironment(
        "cliff_walking",
        "CliffWalking-v1",
        "walk along a cliff",
        solved_at=-13.5,  # the shortest way has 13 steps
        max_episode_steps=500,
    ),
    KnownEnvironment(
        "lunar_lander",
        "LunarLander-v3",
        "land between two flags",
        solved_at=200.0,
        observation_scale=(1.0, 1.5, 1.5, 1.5, 1.5, 3.0, 1.0, 1.0),
    ),
    KnownEnvironment(
        "minigrid", "MiniGrid-*", "find the way in small rooms", observation_scale={"image": (10.0,)}
    ),
    KnownEnvironment("babyai", "BabyAI-*", "follow instructions", observation_scale={"image": (10.0,)}),
    KnownEnvironment("minatar_asterix", "MinAtar/Asterix-v1", "collect gold, avoid enemies"),
    KnownEnvironment("minatar_breakout", "MinAtar/Breakout-v1", "break bricks with a ball"),
    KnownEnvironment("minatar_freeway", "MinAtar/Freeway-v1", "cross a busy road"),
    KnownEnvironment("minatar_seaquest", "MinAtar/Seaquest-v1", "rescue divers from the sea"),
    KnownEnvironment("minatar_space_invaders", "MinAtar/SpaceInvaders-v1", "shoot down rows of aliens"),
)
