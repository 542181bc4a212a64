"""Vectors of environments that behave: shapes, seeds, episode ends, time limits."""

from itertools import pairwise
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from tasks.environment import CheckedVector
from tasks.inspection import inspect_environment
from tasks.recipe import Recipe
from tasks.spec import TaskSpec
from tests.support.broken_environments import EPISODE_LENGTH, env_id
from tests.support.builders import make_spec

ENVIRONMENTS = [
    "trunkline/Catch-v0",
    "trunkline/Chain-v0",
    "trunkline/Identity-v0",
    "trunkline/CarOnHill-v0",
    "trunkline/InvertedPendulum-v0",
    "CartPole-v1",
]
NOISELESS = [env for env in ENVIRONMENTS if env != "trunkline/InvertedPendulum-v0"]
"""The pendulum's streams draw noise from one generator: only a stream alone plays as its environment does."""


def spec_of(env: str, max_episode_steps: int | None = None, **env_kwargs: Any) -> TaskSpec:
    report = inspect_environment("task", Recipe(env, env_kwargs, max_episode_steps))
    return TaskSpec(
        "task",
        env,
        report.layout,
        report.choices,
        report.max_episode_steps,
        env_kwargs,
    )


def play(spec: TaskSpec, seed: int, steps: int = 60, num_envs: int = 3) -> list[list[np.ndarray]]:
    """Return copies of (observation, reward, terminated, truncated) of random play, the reset's first."""
    vector = CheckedVector(spec, num_envs, seed)
    rng = np.random.default_rng(0)
    obs = vector.reset().copy()
    history = [[obs, np.zeros(num_envs), np.zeros(num_envs, bool), np.zeros(num_envs, bool)]]
    for _ in range(steps):
        output = vector.step(rng.integers(0, spec.choices.total, num_envs))
        history.append([column.copy() for column in output])
    vector.close()
    return history


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_observations_are_what_the_specification_declares(env: str):
    """One row a stream, the declared shape and dtype, and values within the space, at every step."""
    spec = spec_of(env)
    for obs, reward, terminated, truncated in play(spec, seed=1):
        assert (obs.shape, obs.dtype.name) == ((3, *spec.observation_shape), spec.frame_dtype)
        assert (reward.shape, reward.dtype.name) == ((3,), "float64")
        assert {(terminated.shape, terminated.dtype.name)} == {((3,), "bool")}
        assert {(truncated.shape, truncated.dtype.name)} == {((3,), "bool")}


@pytest.mark.parametrize("env", [*ENVIRONMENTS, "MountainCar-v0"])
def test_the_same_seed_plays_the_same_episodes(env: str):
    """Observations, rewards and ends agree bit for bit."""
    first, second = play(spec_of(env), seed=4), play(spec_of(env), seed=4)
    for ours, theirs in zip(first, second, strict=True):
        assert [column.tobytes() for column in ours] == [column.tobytes() for column in theirs]


@pytest.mark.parametrize("env", ["trunkline/Catch-v0", "trunkline/Identity-v0", "CartPole-v1"])
def test_another_seed_and_another_stream_play_other_episodes(env: str):
    """Streams are seeded apart from each other, and so are vectors."""
    first, second = play(spec_of(env), seed=4), play(spec_of(env), seed=40)
    assert [row[0].tolist() for row in first] != [row[0].tolist() for row in second]
    assert [row[0][0].tolist() for row in first] != [row[0][1].tolist() for row in first]


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_the_step_after_an_end_starts_a_new_episode(env: str):
    """It brings no reward and no end."""
    history = play(spec_of(env, max_episode_steps=15), seed=1)
    ends = 0
    for before, after in pairwise(history):
        ended = before[2] | before[3]
        ends += int(ended.sum())
        assert not np.stack(after[1:])[:, ended].any()
    assert ends > 0


@pytest.mark.parametrize("env", [*NOISELESS, "MountainCar-v0", "Acrobot-v1"])
def test_a_vector_plays_as_gymnasiums_own_does(env: str):
    """Frames, rewards and ends of `SyncVectorEnv` in NEXT_STEP mode, bit for bit, through many episodes."""
    spec = spec_of(env, max_episode_steps=15)
    theirs = SyncVectorEnv(
        [lambda: gymnasium.make(env, max_episode_steps=15)] * 3, autoreset_mode=AutoresetMode.NEXT_STEP
    )
    rng = np.random.default_rng(0)
    observation, _ = theirs.reset(seed=4)
    history = play(spec, seed=4, steps=60)
    np.testing.assert_array_equal(history[0][0], observation)
    for ours in history[1:]:
        expected = theirs.step(rng.integers(0, spec.choices.total, 3))[:4]
        for column, other in zip(ours, expected, strict=True):
            np.testing.assert_array_equal(column, other)
    theirs.close()


@pytest.mark.parametrize("env", [*ENVIRONMENTS, "MountainCar-v0"])
def test_a_vector_of_one_plays_as_gymnasiums_environment_does(env: str):
    """Also where steps are noisy: starts and noise come from the generator of its seed."""
    spec = spec_of(env)
    theirs = gymnasium.make(env)
    rng = np.random.default_rng(0)
    observation, _ = theirs.reset(seed=9)
    history = play(spec, seed=9, num_envs=1, steps=15)
    np.testing.assert_array_equal(history[0][0][0], observation)
    for frame_1O, reward_1, terminated_1, truncated_1 in history[1:]:
        observation, reward, terminated, truncated, _ = theirs.step(rng.integers(0, spec.choices.total, 1)[0])
        np.testing.assert_array_equal(frame_1O[0], observation)
        assert (reward_1[0], terminated_1[0], truncated_1[0]) == (reward, terminated, truncated)
        if terminated or truncated:
            break
    theirs.close()


def test_frames_that_were_handed_out_stay_as_they_were():
    """Also where an environment writes all its observations into one array."""
    vector = CheckedVector(spec_of("trunkline/Catch-v0"), num_envs=2, seed=1)
    frames = [vector.reset()]
    kept = [frames[0].copy()]
    for _ in range(20):
        frames.append(vector.step(np.array([1, 1]))[0])
        kept.append(frames[-1].copy())
    np.testing.assert_array_equal(frames, kept)


def test_a_second_reset_starts_every_stream_anew():
    """In the middle of an episode as after its end: the same seed shows the same frames again."""
    vector = CheckedVector(spec_of("trunkline/Chain-v0"), num_envs=2, seed=1)
    first = vector.reset()
    vector.step(np.array([0, 1]))
    np.testing.assert_array_equal(vector.reset(), first)
    assert vector.step(np.array([1, 1]))[0].argmax(1).tolist() == [2, 2]


def test_the_step_after_an_end_ignores_its_action_and_shows_a_first_observation():
    """Step four returns the episode's last observation; the fifth returns the next episode's first."""
    vector = CheckedVector(make_spec(), num_envs=2, seed=1)
    vector.reset()
    for _ in range(EPISODE_LENGTH - 1):
        vector.step(np.array([1, 0]))
    obs, reward, terminated, _ = (column.copy() for column in vector.step(np.array([1, 0])))
    assert (obs[:, 0].tolist(), obs[:, 1].tolist()) == ([4.0, 4.0], [1.0, 1.0])
    assert (reward.tolist(), terminated.tolist()) == ([1.0, 0.0], [True, True])
    obs, reward, terminated, _ = vector.step(np.array([1, 1]))
    assert (obs[:, 0].tolist(), obs[:, 1].tolist()) == ([0.0, 0.0], [2.0, 2.0])
    assert (reward.tolist(), terminated.tolist()) == ([0.0, 0.0], [False, False])


def test_streams_end_independently():
    """The boundary of one stream does not touch another that is mid-episode."""
    vector = CheckedVector(spec_of("trunkline/Chain-v0"), num_envs=2, seed=1)
    vector.reset()
    obs, _, terminated, _ = vector.step(np.array([0, 1]))
    assert (terminated.tolist(), obs.argmax(1).tolist()) == ([True, False], [0, 2])
    obs, _, terminated, _ = vector.step(np.array([0, 1]))
    assert (terminated.tolist(), obs.argmax(1).tolist()) == ([False, False], [1, 3])


def test_actions_are_numbered_from_zero_whatever_the_environments_first_number():
    """An environment with actions 5 and 6 is played with 0 and 1."""
    vector = CheckedVector(make_spec(env=env_id("ShiftedActions")), num_envs=2, seed=1)
    vector.reset()
    assert vector.step(np.array([0, 1]))[1].tolist() == [5.0, 6.0]


@pytest.mark.parametrize(
    ("env", "limit", "action"),
    [("CartPole-v1", 5, None), ("MountainCar-v0", 200, 1), ("trunkline/Identity-v0", 20, 0)],
)
def test_a_time_limit_truncates_and_does_not_terminate(env: str, limit: int, action: int | None):
    """The step at the limit is truncated, no earlier one is, and none is terminated."""
    vector = CheckedVector(spec_of(env, max_episode_steps=limit), num_envs=1, seed=1)
    vector.reset()
    ends = []
    for step in range(limit):
        _, _, terminated, truncated = vector.step(np.array([step % 2 if action is None else action]))
        ends.append((bool(terminated[0]), bool(truncated[0])))
    assert ends == [(False, False)] * (limit - 1) + [(False, True)]


def test_a_fall_terminates_and_does_not_truncate():
    """CartPole pushed to one side falls long before its limit."""
    vector = CheckedVector(spec_of("CartPole-v1"), num_envs=1, seed=1)
    vector.reset()
    for _ in range(50):
        _, _, terminated, truncated = vector.step(np.array([1]))
        if terminated[0] or truncated[0]:
            break
    assert (terminated.tolist(), truncated.tolist()) == ([True], [False])
