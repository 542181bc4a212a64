"""Car on the hill: published trajectories and values, and exact integration across the bend."""

import numpy as np
import pytest

from tasks.builtin.car_on_hill import CarOnHillDynamics
from tests.support.slow_physics import hill, integrate

RNG = np.random.default_rng(0)

# Steps to the end under the best play after a first action, negative where every play crashes: the values of
# D'Eramo et al. (2020), whose Q* is 0.95 ** (steps - 1) with that sign. Rows: positions from -1 to 1;
# columns: velocities from -3 to 3.
PUBLISHED = np.array(
    [
        [-1, -1, -1, -1, -1, 11, 11, 10, -1, -1],
        [-1, -3, -3, 14, 17, 23, 22, 13, 9, -1],
        [-3, -4, 14, 16, 19, 21, 20, 20, 20, 10],
        [-1, -5, 15, 16, 17, 18, 18, 19, 21, 9],
        [-1, -1, 16, 16, 17, 18, 19, 21, 8, 5],
        [-1, -1, -3, 17, 18, 19, 20, 7, 4, 4],
        [-1, -3, -4, 19, 20, 20, 9, 5, 4, 3],
        [-1, -4, -9, 21, 21, 11, 6, 4, 3, 2],
        [-1, -5, 20, 21, 13, 6, 3, 2, 2, 1],
        [-1, -7, 23, 23, 7, 1, 1, 1, 1, 1],
        [-1, -1, -1, -1, 12, 10, 10, -3, -1, -1],
        [-1, -3, 13, 15, 18, 17, 12, 9, -1, -1],
        [-4, 14, 16, 20, 22, 21, 20, 21, 9, 7],
        [-5, 15, 16, 17, 18, 19, 19, 21, 9, 6],
        [-1, 15, 16, 17, 17, 19, 20, 10, 6, 5],
        [-1, -3, 17, 18, 19, 20, 10, 5, 4, -1],
        [-3, -4, 19, 19, 20, 12, 6, 4, 3, -1],
        [-4, -9, 20, 21, 11, 6, 4, 3, 2, -1],
        [-5, 20, 21, 12, 6, 3, 2, 2, 1, -1],
        [-7, 23, 22, 7, 3, 1, 1, 1, 1, -1],
    ]
).reshape(2, 10, 10)


def steps_to_the_end(dynamics: CarOnHillDynamics, start: tuple[float, float], action: int) -> int:
    """Try every sequence of actions; the sign is that of the best end."""
    state_DE, reward_E, _ = dynamics.step(np.array([start]).T, np.array([action]), RNG)
    steps = 1
    while not (reward_E == 1.0).any():
        state_DE = state_DE[:, reward_E == 0.0]
        if state_DE.size == 0:
            return -(steps + 1) if steps > 1 else -1
        both = np.repeat([0, 1], state_DE.shape[1])
        state_DE, reward_E, _ = dynamics.step(np.hstack([state_DE, state_DE]), both, RNG)
        steps += 1
    return steps


def test_the_best_play_takes_as_many_steps_as_published():
    """All of D'Eramo's table that ends within twelve steps, by trying every sequence of actions."""
    positions, velocities = np.linspace(-1, 1, 10), np.linspace(-3, 3, 10)
    tried = 0
    for action, p, v in zip(*np.nonzero(np.abs(PUBLISHED) <= 12), strict=True):
        start = (float(positions[p]), float(velocities[v]))
        assert steps_to_the_end(CarOnHillDynamics(), start, action) == PUBLISHED[action, p, v], (
            start,
            action,
        )
        tried += 1
    assert tried > 100


def test_a_stronger_car_reaches_the_top_as_soon_as_mushroomrl_says():
    """With 8 newtons, MushroomRL's solver gives Q* of 0.5688 = 0.95^11 and 0.4877 = 0.95^14."""
    strong = CarOnHillDynamics(force=8.0)
    cases = [((-0.5, 0.0), 0), ((0.0, 0.0), 1), ((0.5, 0.0), 0)]
    assert [steps_to_the_end(strong, *case) for case in cases] == [12, 15, 12]


def test_ten_steps_end_where_mushroomrls_do():
    """Its test's trajectory, actions drawn with NumPy's old generator of seed 1."""
    dynamics, old = CarOnHillDynamics(), np.random.RandomState(1)
    state_DE = dynamics.start(RNG)[:, None]
    for _ in range(10):
        state_DE, _, _ = dynamics.step(state_DE, np.array([old.randint(2)]), RNG)
    np.testing.assert_allclose(state_DE[:, 0], [-0.29638141, -0.05527507], atol=2e-6)


@pytest.mark.parametrize(("mass", "force"), [(1.0, 4.0), (1.2, 4.75), (0.8, 4.0)])
def test_a_step_agrees_with_tiny_steps_of_the_printed_equation(mass: float, force: float):
    """To 1e-4, from all over the state space; a good part of these cars drive over the bend."""
    rng = np.random.default_rng(2)
    state_DE = np.stack([rng.uniform(-1, 1, 150), rng.uniform(-3, 3, 150)])
    action_E = rng.integers(0, 2, 150)
    next_DE, _, _ = CarOnHillDynamics(mass, force).step(state_DE, action_E, rng)
    pulls = [hill(force if action else -force, mass) for action in action_E]
    slow_ED = [integrate(pull, p, v, 0.1) for pull, (p, v) in zip(pulls, state_DE.T, strict=True)]
    assert ((state_DE[0] < 0) != (next_DE[0] < 0)).sum() > 10
    np.testing.assert_allclose(next_DE.T, slow_ED, rtol=0, atol=1e-4)


def test_a_car_at_rest_on_the_bend_is_integrated():
    """Its time to the bend is none; nothing is divided by its speed."""
    next_DE, _, _ = CarOnHillDynamics().step(np.zeros((2, 1)), np.array([0]), RNG)
    np.testing.assert_allclose(next_DE[:, 0], integrate(hill(-4.0), 0.0, 0.0, 0.1), atol=1e-6)


@pytest.mark.parametrize(
    ("state", "reward"),
    [
        ((0.99, 1.0), 1.0),
        ((0.99, 2.5), 1.0),
        ((-0.99, -1.0), -1.0),
        ((-0.8, 2.9), -1.0),
        ((-0.5, 0.0), 0.0),
    ],
    ids=["top", "top and fast", "off the left", "too fast", "valley"],
)
def test_what_an_end_is_worth(state: tuple[float, float], reward: float):
    """1 at the top, -1 off the road or too fast, 0 on the way; every end terminates."""
    _, reward_E, terminated_E = CarOnHillDynamics().step(np.array([state]).T, np.array([1]), RNG)
    assert (reward_E.tolist(), terminated_E.tolist()) == ([reward], [reward != 0.0])
