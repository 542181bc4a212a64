"""Car on the hill: an under-powered car must swing back before it can drive over the top."""

import numpy as np

from tasks.dynamics import Actions, Dynamics, DynamicsEnv, Floats, Outcome, rk4

STEP_S = 0.1
GRAVITY = 9.81
MAX_POSITION = 1.0
MAX_VELOCITY = 3.0

_SUBSTEPS = 3
"""Enough for 1e-4 in position and velocity."""
_SUBSTEP_S = STEP_S / _SUBSTEPS
_NEWTON_STEPS = 4


class CarOnHillDynamics(Dynamics):
    """Moore & Atkeson (1995), The parti-game algorithm, with the constants of Ernst et al. (2005).

    State and observation: position and velocity, which start at (-0.5, 0) as in D'Eramo et al. (2020).
    Actions: 0 pulls to the left and 1 to the right, with `force` newtons on `mass` kilograms. An episode
    terminates with 1 beyond position 1 at a speed of at most 3, and with -1 at a position below -1 or
    at a higher speed.

    Integration is done for position and the speed *along the hill*, w = v sqrt(1 + slope^2), in which the
    equation needs no curvature: dw/dt = (force / mass - g slope) / sqrt(1 + slope^2). The curvature jumps at
    position 0, so a car that drives over this bend is integrated up to it and on from there.
    """

    num_actions = 2

    def __init__(self, mass: float = 1.0, force: float = 4.0) -> None:
        self._pulls = np.array([-force, force]) / mass

    def start(self, rng: np.random.Generator) -> Floats:  # noqa: ARG002
        """Stand still in the valley; nothing is drawn."""
        return np.array([-0.5, 0.0])

    def step(self, state_DE: Floats, action_E: Actions, rng: np.random.Generator) -> Outcome:  # noqa: ARG002
        """Drive 0.1 seconds."""
        pull_E = self._pulls[action_E]
        along_DE = state_DE.copy()
        along_DE[1] *= _stretch(_slope(state_DE[0]))
        for _ in range(_SUBSTEPS):
            along_DE = _drive(along_DE, pull_E)
        along_DE[1] /= _stretch(_slope(along_DE[0]))
        position_E, speed_E = along_DE[0], np.abs(along_DE[1])
        lost_E = (position_E < -MAX_POSITION) | (speed_E > MAX_VELOCITY)
        terminated_E = lost_E | (position_E > MAX_POSITION)
        return along_DE, terminated_E - 2.0 * lost_E, terminated_E


class CarOnHill(DynamicsEnv):
    """`CarOnHillDynamics` as a Gymnasium environment."""

    def __init__(self, mass: float = 1.0, force: float = 4.0) -> None:
        super().__init__(CarOnHillDynamics(mass, force), observation_size=2)


def _drive(along_DE: Floats, pull_E: Floats) -> Floats:
    """Integrate one substep of all cars, those that meet the bend with a halt on it."""
    after_DE = rk4(lambda y_DE: _along_hill(y_DE, _slope(y_DE[0]), pull_E), along_DE, _SUBSTEP_S)
    over_E = (along_DE[0] < 0.0) != (after_DE[0] < 0.0)
    if over_E.any():
        after_DE[:, over_E] = _drive_over_bend(along_DE[:, over_E], after_DE[0, over_E], pull_E[over_E])
    return after_DE


def _drive_over_bend(along_DE: Floats, rough_position_E: Floats, pull_E: Floats) -> Floats:
    """Find the time at which each car meets the bend (Newton's method), and integrate both sides alone."""
    left_E = along_DE[0] < 0.0

    def field(y_DE: Floats, left_E: Floats) -> Floats:
        return _along_hill(y_DE, np.where(left_E, *_slopes(y_DE[0])), pull_E)

    seconds_E = _SUBSTEP_S * along_DE[0] / (along_DE[0] - rough_position_E)
    for _ in range(_NEWTON_STEPS):
        bend_DE = rk4(lambda y_DE: field(y_DE, left_E), along_DE, seconds_E)
        velocity_E = field(bend_DE, left_E)[0]
        correction_E = np.divide(bend_DE[0], velocity_E, np.zeros_like(velocity_E), where=velocity_E != 0.0)
        seconds_E = np.clip(seconds_E - correction_E, 0.0, _SUBSTEP_S)
    bend_DE = rk4(lambda y_DE: field(y_DE, left_E), along_DE, seconds_E)
    return rk4(lambda y_DE: field(y_DE, ~left_E), bend_DE, _SUBSTEP_S - seconds_E)


def _along_hill(along_DE: Floats, slope_E: Floats, pull_E: Floats) -> Floats:
    stretch_E = _stretch(slope_E)
    rate_DE = np.empty_like(along_DE)
    rate_DE[0] = along_DE[1]
    rate_DE[1] = pull_E - GRAVITY * slope_E
    rate_DE /= stretch_E
    return rate_DE


def _slopes(position_E: Floats) -> tuple[Floats, Floats]:
    """Slopes of the parabola on the left and of the hill on the right, both continued across the bend."""
    return 2.0 * position_E + 1.0, (1.0 + 5.0 * (position_E * position_E)) ** -1.5


def _slope(position_E: Floats) -> Floats:
    """Slope of the road: on each side, it is the smaller of the two."""
    return np.minimum(*_slopes(position_E))


def _stretch(slope_E: Floats) -> Floats:
    return np.sqrt(slope_E * slope_E + 1.0)
