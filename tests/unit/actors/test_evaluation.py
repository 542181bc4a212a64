"""Greedy evaluation: episodes that are settled beforehand, each played to its end, in a few environments."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from actors.evaluation import LEAST_ROWS, EvaluationStoppedError, GreedyEvaluation
from actors.policy import TaskPolicy
from tasks.errors import EnvironmentFailureError
from tasks.sources.dynamics import WIDTH
from tasks.spec import TaskSpec
from tests.support.builders import make_spec
from tests.support.evaluated_environments import LONG, SHORT, OnlyOne, Uneven, env_id
from tests.support.greedy_episodes import greedy_returns
from tests.support.learning_builders import make_network, tiny_config
from tests.support.odd_environments import odd
from tests.support.resolution import resolve_specs
from tests.support.wrapped_environments import wrapper


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


def test_an_episode_is_the_same_alone_and_among_others():
    """Episode i begins with seed + i, and nothing that comes after its end is in its return."""
    spec = spec_of("catch", "trunkline/Catch-v0")
    returns = greedy_returns(spec, policy_with_biases(spec, [0.0, 1.0, 0.0]), 60, seed=3)
    assert set(returns.undiscounted) == {-1.0, 1.0}
    pole = make_spec("pole", (4,), env="CartPole-v1", max_episode_steps=500)
    policy = policy_with_biases(pole, [0.0, 1.0])
    together = greedy_returns(pole, policy, 20, seed=3)
    alone = [greedy_returns(pole, policy, 1, seed=3 + number).undiscounted[0] for number in range(20)]
    assert together.undiscounted == alone
    assert len(set(alone)) > 1


def test_a_return_is_the_environments_own_whatever_wrappers_pay():
    """Ten steps of one each, of which a wrapper makes tens; lives that are lost end no episode."""
    steady = spec_of("steady", odd("Steady"), wrappers=[wrapper("Tenfold")])
    played = greedy_returns(steady, policy_with_biases(steady, [0.0, 1.0, 0.0]), 3, seed=0)
    assert played.undiscounted == [10.0] * 3
    lives = spec_of("lives", wrapper("ThreeLives"), life_loss=True)
    played = greedy_returns(lives, policy_with_biases(lives, [0.0, 1.0]), 3, seed=0)
    assert played.undiscounted == [12.0] * 3


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


def test_all_episodes_are_fresh():
    """Each has a seed of its own; the same seed gives the same returns again."""
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


class Left:
    """A policy that pushes to the left, and keeps how many observations it was asked for at a time."""

    def __init__(self) -> None:
        self.rows: set[int] = set()

    def action_values(self, obs_EO: NDArray[Any], first_E: NDArray[np.bool_]) -> NDArray[np.float32]:
        assert first_E.shape == obs_EO.shape[:1]
        self.rows.add(len(obs_EO))
        return np.tile(np.array([1.0, 0.0], np.float32), (len(obs_EO), 1))


def uneven_spec(kind: type[Uneven] = Uneven) -> TaskSpec:
    return make_spec("uneven", (2,), env=env_id(kind), max_episode_steps=100)


@pytest.fixture(autouse=True)
def _counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count environments and steps from nothing."""
    for name in ("built", "alive", "stepped"):
        monkeypatch.setattr(Uneven, name, 0)


@pytest.mark.parametrize("num_envs", [1, 3, 8, 60])
def test_returns_are_not_biased_by_length(num_envs: int):
    """Long episodes pay more, and are as many as by their seeds; among those that end first they are few.

    Nor is any step taken that does not count.
    """
    spec = uneven_spec()
    alone = [greedy_returns(spec, Left(), 1, seed).undiscounted[0] for seed in range(50, 110)]
    assert set(alone) == {SHORT, LONG}
    assert alone.count(LONG) > 8
    Uneven.stepped = Uneven.built = 0
    returns = greedy_returns(spec, Left(), 60, seed=50, num_envs=num_envs)
    assert returns.undiscounted == alone
    assert returns.discounted == pytest.approx([(1 - spec.discount**n) / (1 - spec.discount) for n in alone])
    assert Uneven.stepped == sum(alone)
    assert Uneven.built == num_envs


def test_environments_are_kept_for_the_next_evaluation():
    """No more are built than there are episodes; those that are closed are built anew."""
    evaluation = GreedyEvaluation(uneven_spec(), num_envs=4)
    first = evaluation.play(Left(), 2, seed=0)
    assert (Uneven.built, Uneven.alive) == (2, 2)
    assert len(evaluation.play(Left(), 30, seed=0).undiscounted) == 30
    assert (Uneven.built, Uneven.alive) == (4, 4)
    evaluation.close()
    assert (Uneven.built, Uneven.alive) == (4, 0)
    assert evaluation.play(Left(), 2, seed=0) == first
    assert (Uneven.built, Uneven.alive) == (6, 2)


def test_an_environment_of_which_there_can_be_one_is_evaluated():
    """However many episodes there are; with more environments the sentence names the setting."""
    spec = uneven_spec(OnlyOne)
    assert len(greedy_returns(spec, Left(), 30, seed=0, num_envs=1).undiscounted) == 30
    with pytest.raises(EnvironmentFailureError, match=r"the port is in use.*number 2 of evaluation\.envs"):
        greedy_returns(spec, Left(), 30, seed=0, num_envs=2)


@pytest.mark.parametrize(
    ("env", "settings"),
    [
        ("CartPole-v1", {"env_kwargs": {"sutton_barto_reward": False}}),
        ("trunkline/Catch-v0", {"frame_stack": 3}),
        ("trunkline/InvertedPendulum-v0", {"max_episode_steps": 200}),
    ],
)
def test_returns_do_not_depend_on_the_number_of_environments(env: str, settings: dict[str, Any]):
    """Bit for bit: by a network's own values, with and without stacks, from equations as well."""
    spec = spec_of("task", env, **settings)
    policy = TaskPolicy(make_network([spec], width=64), spec.name)
    returns = [greedy_returns(spec, policy, 30, seed=5, num_envs=num_envs) for num_envs in (1, 2, 7, 8, 30)]
    assert len(set(returns[0].discounted)) > 1
    assert all(other == returns[0] for other in returns[1:])


def test_a_policy_is_asked_for_as_many_values_at_a_time_throughout():
    """The last bits of a row's values depend on the number of rows where that is small, or changes."""
    for num_envs, rows in ((1, LEAST_ROWS), (3, LEAST_ROWS), (6, 6)):
        policy = Left()
        greedy_returns(uneven_spec(), policy, 20, seed=0, num_envs=num_envs)
        assert policy.rows == {rows}


def test_a_cut_episode_makes_room_for_the_next():
    """Each of them is cut after as many steps, whichever environment plays it."""
    evaluation = GreedyEvaluation(uneven_spec(), num_envs=3)
    returns = evaluation.play(Left(), 40, seed=0, max_steps=7)
    assert set(returns.undiscounted) == {SHORT, 7}
    assert Uneven.stepped == sum(returns.undiscounted)


def test_what_is_played_can_be_followed_and_stopped():
    """Each construction, reset and step is a beat; a stopped evaluation comes to nothing."""
    evaluation = GreedyEvaluation(uneven_spec(), num_envs=3)
    returns = evaluation.play(Left(), 10, seed=0)
    assert evaluation.beats == 3 + 10 + sum(returns.undiscounted)
    evaluation.stop()
    with pytest.raises(EvaluationStoppedError, match="'uneven' was stopped"):
        evaluation.play(Left(), 10, seed=0)
