"""Environments that trunkline knows, with the settings that suit them.

A configuration that names one of these environments gets its settings as defaults; any other Gymnasium
environment works too, with plain defaults.
"""

from dataclasses import dataclass, replace

from tasks.reading import INFO
from tasks.sources.prefixes import WITHOUT_INFO, prefix_of, without_prefix


@dataclass(frozen=True)
class KnownEnvironment:
    """Recommended settings of one environment; the fields mean what they mean in `TaskSpec`.

    Attributes:
        also: further ids that the settings suit, such as those of earlier versions.
        action_mask: where a mask of actions comes from, as in `Reading`.
    """

    name: str
    env: str
    about: str
    solved_at: float | None = None
    discount: float = 0.99
    observation_scale: tuple[float, ...] | None = None
    action_mask: str | None = None
    also: tuple[str, ...] = ()


class EnvironmentRegistry:
    """Known environments by id.

    registry = EnvironmentRegistry()
    registry.add(KnownEnvironment("cartpole", "CartPole-v1", "balance a pole", solved_at=475))
    registry.find("CartPole-v1").solved_at
    registry.find("envpool:CartPole-v1").solved_at
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
        """Return the settings for an environment id, whichever source it is from, or None if it is not known.

        A source whose infos hold no mask of actions gets none.
        """
        name = without_prefix(env)
        known = self._by_env.get(name) or next((k for k in self._by_env.values() if name in k.also), None)
        if known is not None and known.action_mask == INFO and prefix_of(env) in WITHOUT_INFO:
            return replace(known, action_mask=None)
        return known

    def all(self) -> list[KnownEnvironment]:
        """Return every known environment, in order of registration."""
        return list(self._by_env.values())


def shipped_registry() -> EnvironmentRegistry:
    """Return a registry with the environments that trunkline ships settings for."""
    registry = EnvironmentRegistry()
    for known in _SHIPPED:
        registry.add(known)
    return registry


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
        "taxi",
        "Taxi-v4",
        "fetch a passenger and drive to one of four places",
        solved_at=7.0,
        action_mask=INFO,
        also=("Taxi-v3",),
    ),
    KnownEnvironment("minatar_asterix", "MinAtar/Asterix-v1", "collect gold, avoid enemies (extra: minatar)"),
    KnownEnvironment("minatar_breakout", "MinAtar/Breakout-v1", "break bricks with a ball (extra: minatar)"),
    KnownEnvironment("minatar_freeway", "MinAtar/Freeway-v1", "cross a busy road (extra: minatar)"),
    KnownEnvironment(
        "minatar_seaquest", "MinAtar/Seaquest-v1", "rescue divers from the sea (extra: minatar)"
    ),
    KnownEnvironment(
        "minatar_space_invaders", "MinAtar/SpaceInvaders-v1", "shoot down rows of aliens (extra: minatar)"
    ),
)
