"""The inverted pendulum: a published trajectory, exact integration, noise and falls."""

import numpy as np
import pytest

from tasks.builtin.inverted_pendulum import InvertedPendulumDynamics, swing
from tests.support.slow_physics import integrate, pendulum


def test_ten_steps_end_where_mushroomrls_do():
    """Its test's trajectory, from the same draws of seed 1: start, then actions and noise in turn.

    That test passes its actions in lists, and its environment takes every list for the last action.
    """
    dynamics, bits = InvertedPendulumDynamics(), np.random.MT19937()
    seeded = np.random.RandomState(1).get_state(legacy=False)["state"]
    bits.state = {"bit_generator": "MT19937", "state": seeded}
    old, new = np.random.RandomState(bits), np.random.Generator(bits)  # one stream of draws
    state_DE = dynamics.start(new)[:, None]
    for _ in range(10):
        old.randint(3)
        state_DE, _, _ = dynamics.step(state_DE, np.array([2]), new)
    np.testing.assert_allclose(state_DE[:, 0], [1.25234221, 2.44501606], atol=1e-3)


def test_a_step_agrees_with_tiny_steps_of_the_printed_equation():
    """To 1e-4, at every angle before the fall and velocities up to 6 rad/s."""
    rng = np.random.default_rng(2)
    state_DE = np.stack([rng.uniform(-1.57, 1.57, 200), rng.uniform(-6, 6, 200)])
    force_E = rng.uniform(-60, 60, 200)
    cases = zip(force_E, *state_DE, strict=True)
    slow_ED = [integrate(pendulum(force), angle, velocity, 0.1) for force, angle, velocity in cases]
    np.testing.assert_allclose(swing(state_DE, force_E).T, slow_ED, rtol=0, atol=1e-4)


@pytest.mark.parametrize(("action", "force"), [(0, -50.0), (1, 0.0), (2, 50.0)])
def test_noise_is_uniform_within_ten_newtons(action: int, force: float):
    """The steps of many streams fill the range between the two extreme pushes evenly."""
    rng = np.random.default_rng(3)
    state_DE = np.zeros((2, 4000))
    next_DE, _, _ = InvertedPendulumDynamics().step(state_DE, np.full(4000, action), rng)
    extremes = swing(np.zeros((2, 2)), force + np.array([10.0, -10.0]))[1]
    place_E = (next_DE[1] - extremes[0]) / np.ptp(extremes)
    assert 0.0 <= place_E.min() < 0.01
    assert 0.99 < place_E.max() <= 1.0
    np.testing.assert_allclose(np.quantile(place_E, [0.25, 0.5, 0.75]), [0.25, 0.5, 0.75], atol=0.03)


@pytest.mark.parametrize(("angle", "reward"), [(1.5, -1.0), (-1.5, -1.0), (0.3, 0.0)])
def test_a_fall_costs_one_and_terminates(angle: float, reward: float):
    """To either side; a pole that still stands costs nothing."""
    state_DE = np.array([[angle], [2.0 * angle]])
    _, reward_E, terminated_E = InvertedPendulumDynamics().step(
        state_DE, np.array([1]), np.random.default_rng(0)
    )
    assert (reward_E.tolist(), terminated_E.tolist()) == ([reward], [reward != 0.0])


def test_episodes_start_at_rest_within_an_eighth_of_pi():
    """Both sides are drawn, and nothing beyond."""
    rng = np.random.default_rng(0)
    starts = np.array([InvertedPendulumDynamics().start(rng) for _ in range(500)])
    assert not starts[:, 1].any()
    assert -np.pi / 8 <= starts[:, 0].min() < -0.38 < 0.38 < starts[:, 0].max() <= np.pi / 8
