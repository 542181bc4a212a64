"""Greedy evaluation: every environment plays one whole episode."""

import numpy as np
import pytest
import torch

from actors.evaluation import greedy_returns
from actors.policy import TaskPolicy
from deploy.config.resolution import resolve_specs
from tasks.episodes import WIDTH
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
    assert right.undiscounted == [1.0] * 5
    assert left.undiscounted == [0.1] * 5


@pytest.mark.parametrize("episodes", [1, WIDTH - 1, WIDTH, WIDTH + 1, 2 * WIDTH + 30])
def test_any_number_of_episodes_is_played(episodes):
    """Also more than there are environments at a time."""
    returns = greedy_returns(CHAIN, policy_with_biases(CHAIN, [0.0, 1.0]), episodes, seed=0)
    assert returns.undiscounted == [1.0] * episodes


def test_each_environment_plays_one_episode_and_later_rewards_do_not_count():
    """Streams that end early go on in lockstep, but only their first episode is in their return."""
    spec = spec_of("catch", "trunkline/Catch-v0")
    returns = greedy_returns(spec, policy_with_biases(spec, [0.0, 1.0, 0.0]), 60, seed=3)
    assert set(returns.undiscounted) == {-1.0, 1.0}
    pole = make_spec("pole", (4,), env="CartPole-v1", max_episode_steps=500)
    policy = policy_with_biases(pole, [0.0, 1.0])
    together = greedy_returns(pole, policy, 20, seed=3)
    alone = [greedy_returns(pole, policy, 1, seed=3 + number).undiscounted[0] for number in range(20)]
    assert together.undiscounted == alone
    assert len(set(alone)) > 1


def test_a_time_limit_ends_an_episode():
    """Identity never terminates; its limit of 20 steps bounds the return."""
    spec = spec_of("identity", "trunkline/Identity-v0")
    returns = greedy_returns(spec, policy_with_biases(spec, [0.0, 1.0, 0.0]), 50, seed=0)
    assert max(returns.undiscounted) < 20
    assert np.mean(returns.undiscounted) == pytest.approx(20 / 3, abs=1.0)


def test_returns_are_raw_whatever_the_learner_sees():
    """Reward scale and clipping belong to learning, not to judging."""
    spec = spec_of("chain", "trunkline/Chain-v0", reward_scale=10.0, reward_clip=0.05)
    assert greedy_returns(spec, policy_with_biases(spec, [0.0, 1.0]), 2, seed=0).undiscounted == [1.0, 1.0]


def test_episodes_beyond_one_batch_are_fresh():
    """The second hundred has seeds of its own; the same seed gives the same returns again."""
    spec = spec_of("identity", "trunkline/Identity-v0")
    policy = policy_with_biases(spec, [0.0, 1.0, 0.0])
    returns = greedy_returns(spec, policy, 2 * WIDTH, seed=0)
    assert returns.undiscounted[:WIDTH] != returns.undiscounted[WIDTH:]
    assert returns == greedy_returns(spec, policy, 2 * WIDTH, seed=0)
    assert returns != greedy_returns(spec, policy, 2 * WIDTH, seed=1_000)


def test_discounted_returns_count_steps_from_zero():
    """The chain's reward comes with the sixth step, and its lure with the first."""
    right = greedy_returns(CHAIN, policy_with_biases(CHAIN, [0.0, 1.0]), 1, seed=0)
    left = greedy_returns(CHAIN, policy_with_biases(CHAIN, [1.0, 0.0]), 1, seed=0)
    assert right.discounted == pytest.approx([0.99**5])
    assert left.discounted == pytest.approx([0.1])


def test_an_episode_may_be_cut():
    """What comes after so many steps does not count."""
    spec = spec_of("identity", "trunkline/Identity-v0")
    policy = policy_with_biases(spec, [0.0, 1.0, 0.0])
    whole, cut = (greedy_returns(spec, policy, 50, seed=0, max_steps=steps) for steps in (None, 5))
    assert max(cut.undiscounted) <= 5 < max(whole.undiscounted)
