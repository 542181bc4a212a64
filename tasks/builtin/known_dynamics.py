"""Which environments can step all streams of a task in one call."""

from collections.abc import Mapping
from typing import Any

from tasks.builtin.car_on_hill import CarOnHillDynamics
from tasks.builtin.classic_control import AcrobotDynamics, CartPoleDynamics, MountainCarDynamics
from tasks.builtin.inverted_pendulum import InvertedPendulumDynamics
from tasks.builtin.reversed import ReversedDynamics
from tasks.dynamics import Dynamics
from tasks.recipe import Recipe


def dynamics_of(recipe: Recipe) -> Dynamics | None:
    """Return the dynamics behind an environment, or None if they are not known here: wrappers hide them."""
    return None if recipe.wrappers else _dynamics(recipe.env, recipe.env_kwargs)


def _dynamics(env: str, env_kwargs: Mapping[str, Any]) -> Dynamics | None:
    if env == "trunkline/Reversed-v0":
        inner_kwargs = dict(env_kwargs)
        inner = _dynamics(inner_kwargs.pop("env"), inner_kwargs)
        return ReversedDynamics(inner) if inner else None
    if env in _OURS:
        return _OURS[env](**env_kwargs)
    return _GYMNASIUMS[env]() if env in _GYMNASIUMS and not env_kwargs else None


_OURS: dict[str, type[Dynamics]] = {
    "trunkline/CarOnHill-v0": CarOnHillDynamics,
    "trunkline/InvertedPendulum-v0": InvertedPendulumDynamics,
}

_GYMNASIUMS: dict[str, type[Dynamics]] = {
    "CartPole-v1": CartPoleDynamics,
    "MountainCar-v0": MountainCarDynamics,
    "Acrobot-v1": AcrobotDynamics,
}
