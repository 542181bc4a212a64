"""Inverted pendulum: a cart is pushed to and fro, by a noisy force, to keep a pole upright."""

import numpy as np

from tasks.dynamics import Actions, Dynamics, DynamicsEnv, Floats, Outcome, rk4, wrapped

STEP_S = 0.1
GRAVITY = 9.8
POLE_KG = 2.0
CART_KG = 8.0
POLE_LENGTH_M = 0.5
FORCES_N = np.array([-50.0, 0.0, 50.0])
NOISE_N = 10.0
START_RAD = np.pi / 8.0

_SUBSTEPS = 3
"""Enough for 1e-4 in angle and velocity, where the noise moves the velocity by up to 0.4 rad/s."""
_ALPHA = 1.0 / (POLE_KG + CART_KG)
_COUPLING = 0.5 * _ALPHA * POLE_KG * POLE_LENGTH_M
_INERTIA = 2.0 / 3.0 * POLE_LENGTH_M


class InvertedPendulumDynamics(Dynamics):
    """Lagoudakis & Parr (2003), Least-squares policy iteration, with their equation and constants.

    State and observation: angle from upright in radians, and its velocity. An episode starts at rest, up to
    pi/8 off, as in D'Eramo et al. (2020). Actions: forces of -50, 0 and 50 newtons, each with uniform noise
    of up to 10 newtons. As there, the equation's l is half the pole's length. The episode terminates with -1
    once the angle passes pi/2; every other reward is 0.
    """

    num_actions = 3

    def start(self, rng: np.random.Generator) -> Floats:
        """Lean a little, at rest."""
        return np.array([rng.uniform(-START_RAD, START_RAD), 0.0])

    def step(self, state_DE: Floats, action_E: Actions, rng: np.random.Generator) -> Outcome:
        """Push for 0.1 seconds with one draw of the noise."""
        force_E = FORCES_N[action_E] + rng.uniform(-NOISE_N, NOISE_N, len(action_E))
        next_DE = swing(state_DE, force_E)
        next_DE[0] = wrapped(next_DE[0])
        fallen_E = np.abs(next_DE[0]) > 0.5 * np.pi
        return next_DE, np.where(fallen_E, -1.0, 0.0), fallen_E


class InvertedPendulum(DynamicsEnv):
    """`InvertedPendulumDynamics` as a Gymnasium environment."""

    def __init__(self) -> None:
        super().__init__(InvertedPendulumDynamics(), observation_size=2)


def swing(state_DE: Floats, force_E: Floats) -> Floats:
    """Integrate 0.1 seconds under a constant force."""
    pull_E = _ALPHA * force_E

    def field(state_DE: Floats) -> Floats:
        angle_E, velocity_E = state_DE
        sin_E, cos_E = np.sin(angle_E), np.cos(angle_E)
        coupled_E = _COUPLING * cos_E
        rate_DE = np.empty_like(state_DE)
        rate_DE[0] = velocity_E
        rate_DE[1] = sin_E * (GRAVITY - coupled_E * (velocity_E * velocity_E)) - pull_E * cos_E
        rate_DE[1] /= _INERTIA - coupled_E * cos_E
        return rate_DE

    for _ in range(_SUBSTEPS):
        state_DE = rk4(field, state_DE, STEP_S / _SUBSTEPS)
    return state_DE
