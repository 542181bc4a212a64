"""Small environments of our own, registered with Gymnasium under `trunkline/`."""

import gymnasium


def register_builtin_environments() -> None:
    """Register the small environments with Gymnasium; calling it again changes nothing."""
    for name, entry_point, limit in _BUILTIN:
        if name not in gymnasium.registry:
            gymnasium.register(id=name, entry_point=entry_point, max_episode_steps=limit)


_BUILTIN = (
    ("trunkline/Catch-v0", "tasks.builtin.catch:Catch", 50),
    ("trunkline/Chain-v0", "tasks.builtin.chain:Chain", 50),
    ("trunkline/Identity-v0", "tasks.builtin.identity:Identity", 20),
    ("trunkline/CarOnHill-v0", "tasks.builtin.car_on_hill:CarOnHill", 100),
    ("trunkline/InvertedPendulum-v0", "tasks.builtin.inverted_pendulum:InvertedPendulum", 3000),
)
