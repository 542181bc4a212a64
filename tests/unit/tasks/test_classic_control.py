"""Gymnasium's classic tasks in one call: the same steps, starts and episodes as Gymnasium's own."""

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Discrete
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from tasks.builtin.known_dynamics import dynamics_of
from tasks.environment import CheckedVector
from tasks.recipe import Recipe
from tests.support.builders import make_spec

BOUNDS = {
    "CartPole-v1": [3.0, 3.0, 0.25, 3.5],
    "MountainCar-v0": [1.2, 0.07],
    "Acrobot-v1": [np.pi, np.pi, 12.6, 28.3],
}
"""Largest absolute value of each state variable that a random state has."""

STEPS = 400


@pytest.mark.parametrize("env", BOUNDS)
def test_a_step_from_any_state_is_gymnasiums(env: str):
    """Observation, reward and termination, from random states, past the limits too."""
    rng = np.random.default_rng(0)
    dynamics = dynamics_of(Recipe(env))
    assert dynamics is not None
    state_DE = rng.uniform(-1, 1, (len(BOUNDS[env]), STEPS)) * np.array(BOUNDS[env])[:, None]
    action_E = rng.integers(0, dynamics.num_actions, STEPS)
    next_DE, reward_E, terminated_E = dynamics.step(state_DE, action_E, rng)
    theirs = gymnasium.make(env).unwrapped
    outcomes = [_step_from(theirs, *case) for case in zip(state_DE.T, action_E, strict=True)]
    observations, rewards, terminations, *_ = zip(*outcomes, strict=True)
    np.testing.assert_allclose(dynamics.observe(next_DE), observations, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(reward_E, rewards)
    np.testing.assert_array_equal(terminated_E, terminations)
    assert 0 < terminated_E.sum() < STEPS


def _step_from(env: Any, state: np.ndarray, action: int) -> tuple[Any, ...]:
    env.reset(seed=0)
    env.state = state.copy()
    return env.step(int(action))


@pytest.mark.parametrize("env", BOUNDS)
def test_whole_episodes_are_gymnasiums(env: str):
    """Five streams of random play over a thousand steps: the same starts, and the same ends in time."""
    theirs = SyncVectorEnv([lambda: gymnasium.make(env)] * 5, autoreset_mode=AutoresetMode.NEXT_STEP)
    limit = gymnasium.spec(env).max_episode_steps
    shape, actions = theirs.single_observation_space.shape, theirs.single_action_space
    assert shape is not None
    assert isinstance(actions, Discrete)
    ours = CheckedVector(make_spec(env=env, observation_shape=shape, max_episode_steps=limit), 5, seed=3)
    np.testing.assert_array_equal(ours.reset(), theirs.reset(seed=3)[0])
    rng = np.random.default_rng(1)
    ends = 0
    for _ in range(1000):
        action_E = rng.integers(0, actions.n, 5)
        frame_EO, reward_E, terminated_E, truncated_E = ours.step(action_E)
        expected = theirs.step(action_E)
        np.testing.assert_allclose(frame_EO, expected[0], rtol=1e-3, atol=1e-4)
        np.testing.assert_array_equal([reward_E, terminated_E, truncated_E], expected[1:4])
        ends += int((terminated_E | truncated_E).sum())
    assert ends >= 5
    theirs.close()


def test_a_stream_plays_the_same_in_whatever_company():
    """The third stream of seed 5 is the first of seed 7."""
    spec = make_spec(env="CartPole-v1", observation_shape=(4,), max_episode_steps=20)
    many, one = CheckedVector(spec, 3, seed=5), CheckedVector(spec, 1, seed=7)
    np.testing.assert_array_equal(many.reset()[2], one.reset()[0])
    for step in range(60):
        action_E = np.full(3, step % 2)
        np.testing.assert_array_equal(many.step(action_E)[0][2], one.step(action_E[:1])[0][0])


def test_arguments_of_the_constructor_are_obeyed():
    """A task with arguments is Gymnasium's own environment: this one's steps give no reward."""
    arguments = {"sutton_barto_reward": True}
    spec = make_spec(env="CartPole-v1", observation_shape=(4,), env_kwargs=arguments)
    vector = CheckedVector(spec, 2, seed=1)
    vector.reset()
    assert vector.step(np.array([0, 1]))[1].tolist() == [0.0, 0.0]


def test_mountain_car_has_the_horizon_it_is_given():
    """A thousand steps without the flag are truncated at the thousandth."""
    vector = CheckedVector(
        make_spec(env="MountainCar-v0", observation_shape=(2,), max_episode_steps=1000), 1, 1
    )
    vector.reset()
    ends = [vector.step(np.array([1]))[2:] for _ in range(1000)]
    assert [bool(truncated[0]) for _, truncated in ends] == [False] * 999 + [True]
    assert not any(terminated[0] for terminated, _ in ends)
