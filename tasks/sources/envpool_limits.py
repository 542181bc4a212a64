"""Time limits of EnvPool's environments: some of those that it declares are none."""

import gymnasium

LARGEST = 1_000_000
"""A declared limit beyond it stands for none."""


def own_limit(name: str, declared: int | None) -> int | None:
    """Return the time limit of EnvPool, else of Gymnasium under the same id, in steps; None without one.

    Args:
        name: EnvPool's id.
        declared: what its configuration says: 0 and the largest int32 stand for none.
    """
    if declared is not None and 0 < declared <= LARGEST:
        return declared
    spec = gymnasium.registry.get(name)
    return spec.max_episode_steps if spec is not None else None
