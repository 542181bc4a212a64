"""Greedy evaluation: every environment plays one whole episode."""

import numpy as np
import pytest
import torch

from actors.evaluation import MAX_ENVS, greedy_returns
from actors.policy import TaskPolicy
from deploy.config.resolution import resolve_specs
from tasks.spec import TaskSpec
from tests.support.builders import make_spec
from tests.support.learning_builders import make_network, tiny_config


def policy_with_biases(spec: TaskSpec, biases: list[float]) -> TaskPolicy:
    """A policy that takes the same action everywhere: all weights of its head are zero."""
    network = make_network([spec])
    with torch.no_grad():
        network.get_parameter(f"heads.task:{spec.name}.values.weight").zero_()
        network.get_parameter(f"heads.task:{spec.name}.values.bias").copy_(torch.tensor(biases))
    return TaskPolicy(network, spec.name)


def spec_of(name: str, env: str, **settings: object) -> TaskSpec:
    return resolve_specs(tiny_config(tasks={name: {"env": env, **settings}}))[0]


CHAIN = spec_of("chain", "trunkline/Chain-v0")


def test_the_optimal_policy_on_the_chain_gets_exactly_one():
    """Always right ends at the reward; always left at the lure."""
    right = greedy_returns(CHAIN, policy_with_biases(CHAIN, [0.0, 1.0]), 5, seed=0)
    left = greedy_returns(CHAIN, policy_with_biases(CHAIN, [1.0, 0.0]), 5, seed=0)
    assert right.tolist() == [1.0] * 5
    assert left.tolist() == [0.1] * 5


@pytest.mark.parametrize("episodes", [1, MAX_ENVS - 1, MAX_ENVS, MAX_ENVS + 1, 2 * MAX_ENVS + 30])
def test_any_number_of_episodes_is_played(episodes):
    """Also more than there are environments at a time."""
    returns = greedy_returns(CHAIN, policy_with_biases(CHAIN, [0.0, 1.0]), episodes, seed=0)
    assert returns.shape == (episodes,)
    assert (returns == 1.0).all()


def test_each_environment_plays_one_episode_and_later_rewards_do_not_count():
    """Streams that end early go on in lockstep, but only their first episode is in their return."""
    spec = spec_of("catch", "trunkline/Catch-v0")
    returns = greedy_returns(spec, policy_with_biases(spec, [0.0, 1.0, 0.0]), 60, seed=3)
    assert set(returns.tolist()) == {-1.0, 1.0}
    pole = make_spec("pole", (4,), env="CartPole-v1", max_episode_steps=500)
    policy = policy_with_biases(pole, [0.0, 1.0])
    together = greedy_returns(pole, policy, 20, seed=3)
    alone = [float(greedy_returns(pole, policy, 1, seed=3 + number)[0]) for number in range(20)]
    assert together.tolist() == alone
    assert len(set(alone)) > 1


def test_a_time_limit_ends_an_episode():
    """Identity never terminates; its limit of 20 steps bounds the return."""
    spec = spec_of("identity", "trunkline/Identity-v0")
    returns = greedy_returns(spec, policy_with_biases(spec, [0.0, 1.0, 0.0]), 50, seed=0)
    assert returns.max() < 20
    assert returns.mean() == pytest.approx(20 / 3, abs=1.0)


def test_returns_are_raw_whatever_the_learner_sees():
    """Reward scale and clipping belong to learning, not to judging."""
    spec = spec_of("chain", "trunkline/Chain-v0", reward_scale=10.0, reward_clip=0.05)
    assert greedy_returns(spec, policy_with_biases(spec, [0.0, 1.0]), 2, seed=0).tolist() == [1.0, 1.0]


def test_episodes_beyond_one_batch_are_fresh():
    """The second hundred has seeds of its own; the same seed gives the same returns again."""
    spec = spec_of("identity", "trunkline/Identity-v0")
    policy = policy_with_biases(spec, [0.0, 1.0, 0.0])
    returns = greedy_returns(spec, policy, 2 * MAX_ENVS, seed=0)
    assert not np.array_equal(returns[:MAX_ENVS], returns[MAX_ENVS:])
    np.testing.assert_array_equal(returns, greedy_returns(spec, policy, 2 * MAX_ENVS, seed=0))
    assert not np.array_equal(returns, greedy_returns(spec, policy, 2 * MAX_ENVS, seed=1_000))
