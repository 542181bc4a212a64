"""Small environments of our own, registered with Gymnasium under `trunkline/`, and those of MinAtar."""

import gymnasium


def register_builtin_environments() -> None:
    """Register the small environments with Gymnasium; calling it again changes nothing.

    MinAtar's ids are those that the package registers when asked, with its minimal action sets, and a time
    limit, which it has none of. The package is looked for when one of them is made.
    """
    for name, entry_point, limit in _BUILTIN:
        if name not in gymnasium.registry:
            gymnasium.register(id=name, entry_point=entry_point, max_episode_steps=limit)
    for name, game in _MINATAR:
        if name not in gymnasium.registry:
            gymnasium.register(
                id=name,
                entry_point="minatar.gym:BaseEnv",
                kwargs={"game": game, "use_minimal_action_set": True},
                max_episode_steps=_MINATAR_STEPS,
            )


_BUILTIN = (
    ("trunkline/Catch-v0", "tasks.builtin.catch:Catch", 50),
    ("trunkline/Chain-v0", "tasks.builtin.chain:Chain", 50),
    ("trunkline/Identity-v0", "tasks.builtin.identity:Identity", 20),
    ("trunkline/CarOnHill-v0", "tasks.builtin.car_on_hill:CarOnHill", 100),
    ("trunkline/InvertedPendulum-v0", "tasks.builtin.inverted_pendulum:InvertedPendulum", 3000),
    ("trunkline/Reversed-v0", "tasks.builtin.reversed:Reversed", None),
)

_MINATAR_STEPS = 5000
_MINATAR = (
    ("MinAtar/Asterix-v1", "asterix"),
    ("MinAtar/Breakout-v1", "breakout"),
    ("MinAtar/Freeway-v1", "freeway"),
    ("MinAtar/Seaquest-v1", "seaquest"),
    ("MinAtar/SpaceInvaders-v1", "space_invaders"),
)
