"""Reversed environments: the same task whose actions mean the opposite."""

from typing import Any

import numpy as np
import pytest

from tasks.environment import CheckedVector
from tasks.inspection import inspect_environment
from tasks.recipe import Recipe
from tests.support.builders import make_spec

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "known dynamics": ("CartPole-v1", {}),
    "three actions": ("Acrobot-v1", {}),
    "dynamics with arguments": ("trunkline/CarOnHill-v0", {"mass": 1.2}),
    "a loop": ("trunkline/Catch-v0", {"rows": 6}),
    "a loop of Gymnasium's": ("CartPole-v1", {"sutton_barto_reward": True}),
}


def vector_of(env: str, env_kwargs: dict[str, Any], **limit: int | None) -> CheckedVector:
    report = inspect_environment("task", Recipe(env, env_kwargs, limit.get("limit")))
    spec = make_spec(
        env=env,
        env_kwargs=env_kwargs,
        observation_shape=report.layout.frame_shape,
        observation_dtype=report.layout.frame_dtype,
        num_actions=report.choices.total,
        max_episode_steps=report.max_episode_steps,
    )
    return CheckedVector(spec, 3, seed=2)


@pytest.mark.parametrize("limit", [None, 7])
@pytest.mark.parametrize(("env", "env_kwargs"), CASES.values(), ids=CASES.keys())
def test_opposite_actions_in_a_reversed_environment_do_the_same(
    env: str, env_kwargs: dict[str, Any], limit: int | None
):
    """Frames, rewards and both kinds of ends agree, with the environment's own time limit or another."""
    plain = vector_of(env, env_kwargs, limit=limit)
    reverse = vector_of("trunkline/Reversed-v0", {"env": env, **env_kwargs}, limit=limit)
    assert (plain.spec.choices.total, plain.spec.max_episode_steps) == (
        reverse.spec.choices.total,
        reverse.spec.max_episode_steps,
    )
    np.testing.assert_array_equal(plain.reset(), reverse.reset())
    rng = np.random.default_rng(0)
    for _ in range(120):
        action_E = rng.integers(0, plain.spec.choices.total, 3)
        expected = plain.step(action_E)
        for ours, theirs in zip(reverse.step(plain.spec.choices.total - 1 - action_E), expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    plain.close()
    reverse.close()


@pytest.mark.parametrize("env", ["MountainCar-v0", "trunkline/Identity-v0"], ids=["known dynamics", "a loop"])
def test_a_limit_beyond_the_environments_own_holds(env: str):
    """Nothing truncates the reversed one at its usual 200 or 20 steps."""
    vector = vector_of("trunkline/Reversed-v0", {"env": env}, limit=250)
    vector.reset()
    ends = [vector.step(np.array([1, 1, 1]))[3].any() for _ in range(250)]
    assert ends == [False] * 249 + [True]
