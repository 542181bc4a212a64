"""Slow and obvious integration of equations as their papers print them, to compare quick ones with."""

from collections.abc import Callable
from math import cos, sin

Field = Callable[[float, float], tuple[float, float]]


def integrate(field: Field, x: float, v: float, seconds: float, step_s: float = 5e-4) -> tuple[float, float]:
    """Runge-Kutta in tiny steps, in tinier ones where `x` changes its sign."""
    while seconds > 1e-15:
        step = min(step_s, seconds)
        after = _runge_kutta(field, x, v, step)
        while (after[0] < 0) != (x < 0) and step > 1e-10:
            step /= 2
            after = _runge_kutta(field, x, v, step)
        x, v = after
        seconds -= step
    return x, v


def hill(pull: float, mass: float = 1.0) -> Field:
    """Ernst et al. (2005), section 5.2, with a pull in newtons."""

    def field(p: float, v: float) -> tuple[float, float]:
        slope = 2 * p + 1 if p < 0 else (1 + 5 * p**2) ** -1.5
        curvature = 2 if p < 0 else -15 * p * (1 + 5 * p**2) ** -2.5
        return v, (pull / mass - 9.81 * slope - v**2 * slope * curvature) / (1 + slope**2)

    return field


def pendulum(force: float) -> Field:
    """Lagoudakis & Parr (2003), with m = 2 kg, M = 8 kg and l = 0.25 m, half the pole's length."""
    half_length, mass, alpha = 0.25, 2.0, 1 / (2.0 + 8.0)

    def field(angle: float, turn: float) -> tuple[float, float]:
        top = 9.8 * sin(angle) - alpha * mass * half_length * turn**2 * sin(2 * angle) / 2
        top -= alpha * cos(angle) * force
        return turn, top / (4 / 3 * half_length - alpha * mass * half_length * cos(angle) ** 2)

    return field


def _runge_kutta(field: Field, x: float, v: float, step: float) -> tuple[float, float]:
    a = field(x, v)
    b = field(x + step / 2 * a[0], v + step / 2 * a[1])
    c = field(x + step / 2 * b[0], v + step / 2 * b[1])
    d = field(x + step * c[0], v + step * c[1])
    return (
        x + step / 6 * (a[0] + 2 * b[0] + 2 * c[0] + d[0]),
        v + step / 6 * (a[1] + 2 * b[1] + 2 * c[1] + d[1]),
    )
