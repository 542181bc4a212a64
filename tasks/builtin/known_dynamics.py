"""Which environments can step all streams of a task in one call."""

from collections.abc import Mapping
from typing import Any

from tasks.builtin.car_on_hill import CarOnHillDynamics
from tasks.builtin.classic_control import AcrobotDynamics, CartPoleDynamics, MountainCarDynamics
from tasks.builtin.inverted_pendulum import InvertedPendulumDynamics
from tasks.builtin.reversed import ReversedDynamics
from tasks.dynamics import Dynamics


def dynamics_of(env: str, env_kwargs: Mapping[str, Any]) -> Dynamics | None:
    """Return the dynamics behind an environment's id and arguments, or None if they are not known here."""
    if env == "trunkline/Reversed-v0":
        inner_kwargs = dict(env_kwargs)
        inner = dynamics_of(inner_kwargs.pop("env"), inner_kwargs)
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
