"""Three of Gymnasium's classic tasks for many streams at once: the same steps, the same starts."""

import numpy as np
from numpy.typing import NDArray

from tasks.dynamics import Actions, Dynamics, Floats, Outcome, rk4, wrapped


class CartPoleDynamics(Dynamics):
    """CartPole-v1: Barto, Sutton & Anderson (1983). State: position, velocity, angle, angular velocity.

    The constants are Gymnasium's: cart 1 kg, pole 0.1 kg and half a metre to its middle, force 10 N,
    Euler steps of 0.02 s.
    """

    num_actions = 2
    _forces = np.array([-10.0, 10.0])
    _limits_21 = np.array([[2.4], [np.radians(12.0)]])

    def start(self, rng: np.random.Generator) -> Floats:
        """Draw all four uniformly within 0.05."""
        return rng.uniform(-0.05, 0.05, 4)

    def step(self, state_DE: Floats, action_E: Actions, rng: np.random.Generator) -> Outcome:  # noqa: ARG002
        """Push for 0.02 seconds; every step gives 1."""
        angle_E, turn_E = state_DE[2], state_DE[3]
        sin_E, cos_E = np.sin(angle_E), np.cos(angle_E)
        push_E = (self._forces[action_E] + 0.05 * (turn_E * turn_E) * sin_E) / 1.1
        turn_rate_E = (9.8 * sin_E - cos_E * push_E) / (4.0 / 6.0 - 0.05 / 1.1 * (cos_E * cos_E))
        rate_DE = np.empty_like(state_DE)
        rate_DE[::2] = state_DE[1::2]
        rate_DE[1] = push_E - 0.05 / 1.1 * turn_rate_E * cos_E
        rate_DE[3] = turn_rate_E
        next_DE = state_DE + 0.02 * rate_DE
        terminated_E = np.logical_or(*(np.abs(next_DE[::2]) > self._limits_21))
        return next_DE, np.ones(len(action_E)), terminated_E


class MountainCarDynamics(Dynamics):
    """MountainCar-v0: Moore (1990), as in Sutton & Barto (2018), example 10.1. State: position, velocity."""

    num_actions = 3

    def start(self, rng: np.random.Generator) -> Floats:
        """Stand still near the valley's bottom."""
        return np.array([rng.uniform(-0.6, -0.4), 0.0])

    def step(self, state_DE: Floats, action_E: Actions, rng: np.random.Generator) -> Outcome:  # noqa: ARG002
        """Drive one step; each costs 1 until the flag at 0.5."""
        position_E, velocity_E = state_DE
        push_E = (action_E - 1) * 0.001 - 0.0025 * np.cos(3.0 * position_E)
        next_DE = np.empty_like(state_DE)
        next_DE[1] = np.minimum(np.maximum(velocity_E + push_E, -0.07), 0.07)
        next_DE[0] = np.minimum(np.maximum(position_E + next_DE[1], -1.2), 0.6)
        next_DE[1, (next_DE[0] == -1.2) & (next_DE[1] < 0.0)] = 0.0
        terminated_E = (next_DE[0] >= 0.5) & (next_DE[1] >= 0.0)
        return next_DE, np.full(len(action_E), -1.0), terminated_E


class AcrobotDynamics(Dynamics):
    """Acrobot-v1: Sutton (1996), with the equations of Sutton & Barto. State: two angles, their velocities.

    Observation: cosine and sine of both angles and the velocities. Both links are 1 m and 1 kg with their
    middle half-way and a moment of inertia of 1; torque 1 Nm, one Runge-Kutta step of 0.2 s.
    """

    num_actions = 3
    _max_velocities_21 = np.array([[4.0 * np.pi], [9.0 * np.pi]])

    def start(self, rng: np.random.Generator) -> Floats:
        """Hang down, all four within 0.1, rounded to single precision as Gymnasium does."""
        return rng.uniform(-0.1, 0.1, 4).astype(np.float32).astype(np.float64)

    def step(self, state_DE: Floats, action_E: Actions, rng: np.random.Generator) -> Outcome:  # noqa: ARG002
        """Apply a torque for 0.2 seconds; each step costs 1 until the tip is above the line."""
        torque_E = action_E.astype(np.float64) - 1.0
        next_DE = rk4(lambda state_DE: _acrobot(state_DE, torque_E), state_DE, 0.2)
        next_DE[:2] = wrapped(next_DE[:2])
        bound_21 = self._max_velocities_21
        next_DE[2:] = np.minimum(np.maximum(next_DE[2:], -bound_21), bound_21)
        terminated_E = -np.cos(next_DE[0]) - np.cos(next_DE[0] + next_DE[1]) > 1.0
        return next_DE, terminated_E - 1.0, terminated_E

    def observe(self, state_DE: Floats) -> NDArray[np.float32]:
        """Cosine and sine of either angle, then the velocities: shape (E, 6)."""
        seen_E6 = np.empty((state_DE.shape[1], 6), np.float32)
        seen_E6[:, 0:4:2] = np.cos(state_DE[:2]).T
        seen_E6[:, 1:4:2] = np.sin(state_DE[:2]).T
        seen_E6[:, 4:] = state_DE[2:].T
        return seen_E6


def _acrobot(state_DE: Floats, torque_E: Floats) -> Floats:
    """Time derivative of the state; d1, d2, phi1, phi2 are the book's (section 11.3 of its first edition)."""
    angle1_E, angle2_E, turn1_E, turn2_E = state_DE
    cos2_E, half_sin2_E = np.cos(angle2_E), 0.5 * np.sin(angle2_E)
    d1_E = cos2_E + 3.5
    d2_E = 0.5 * cos2_E + 1.25
    phi2_E = 4.9 * np.sin(angle1_E + angle2_E)
    phi1_E = 14.7 * np.sin(angle1_E) + phi2_E - half_sin2_E * (turn2_E * (turn2_E + 2.0 * turn1_E))
    ratio_E = d2_E / d1_E
    rate_DE = np.empty_like(state_DE)
    rate_DE[:2] = state_DE[2:]
    rate_DE[3] = torque_E + ratio_E * phi1_E - half_sin2_E * (turn1_E * turn1_E) - phi2_E
    rate_DE[3] /= 1.25 - d2_E * ratio_E
    rate_DE[2] = -(d2_E * rate_DE[3] + phi1_E) / d1_E
    return rate_DE
