"""The epsilon ladder against its paper, and exploration with held actions."""

import numpy as np
import pytest
from numpy.typing import NDArray

from actors.exploration import Exploration, epsilon_ladder
from tasks.choices import Choices

GREEDY = 9
"""An action that exploration never draws, so that every step says whether it was greedy."""


def explore(
    epsilon: float, steps: int, max_duration: int = 1, zeta: float = 2.0, streams: int = 4, seed: int = 0
) -> NDArray[np.int64]:
    """Return the actions of `steps` steps: (steps, streams)."""
    exploration = Exploration(
        np.full(streams, epsilon), Choices((3,)), max_duration, zeta, np.random.default_rng(seed)
    )
    return np.array([exploration.choose(np.full(streams, GREEDY)) for _ in range(steps)])


def held_lengths(actions: NDArray[np.int64]) -> list[int]:
    """Return the lengths of runs of one exploratory action in one stream."""
    lengths: list[int] = []
    last = GREEDY
    for action in actions.tolist():
        if action != GREEDY:
            if action == last:
                lengths[-1] += 1
            else:
                lengths.append(1)
        last = action
    return lengths


@pytest.mark.parametrize("num_envs", [2, 5, 16, 256])
def test_the_ladder_is_the_papers(num_envs):
    """Horgan et al. 2018: epsilon_i = 0.4^(1 + 7 i / (N - 1)), written out as the paper does."""
    paper = [0.4 ** (1 + i / (num_envs - 1) * 7) for i in range(num_envs)]
    np.testing.assert_allclose(epsilon_ladder(num_envs), paper, rtol=1e-12)


def test_the_ends_of_the_ladder():
    """The first environment explores most, with `base`; the last least, with base^(1 + exponent)."""
    ladder = epsilon_ladder(16, base=0.5, exponent=3.0)
    assert ladder[0] == 0.5
    assert ladder[-1] == 0.5**4
    assert (np.diff(ladder) < 0).all()


@pytest.mark.parametrize(("base", "expected"), [(0.4, [0.4]), (0.0, [0.0]), (1.0, [1.0])])
def test_a_single_environment_gets_the_base(base, expected):
    """There is nothing to spread."""
    assert epsilon_ladder(1, base).tolist() == expected


@pytest.mark.parametrize("max_duration", [1, 50])
def test_epsilon_zero_is_greedy(max_duration):
    """No step is random."""
    assert (explore(0.0, 500, max_duration) == GREEDY).all()


@pytest.mark.parametrize("max_duration", [1, 50])
def test_epsilon_one_is_random(max_duration):
    """No step is greedy, and every action is drawn."""
    actions = explore(1.0, 500, max_duration)
    assert set(actions.reshape(-1).tolist()) == {0, 1, 2}


def test_without_holding_it_is_plain_epsilon_greedy():
    """A fraction epsilon of the steps is random, uniformly, and no step depends on the one before."""
    actions = explore(0.3, 20_000, max_duration=1)
    random = actions != GREEDY
    assert random.mean() == pytest.approx(0.3, abs=0.01)
    for action in range(3):
        assert (actions == action).mean() == pytest.approx(0.1, abs=0.01)
    after_random = random[1:][random[:-1]]
    assert after_random.mean() == pytest.approx(0.3, abs=0.01)


def test_every_stream_has_its_own_epsilon():
    """Streams of epsilon 0 and 1 stand side by side."""
    exploration = Exploration(np.array([0.0, 1.0]), Choices((3,)), 5, 2.0, np.random.default_rng(0))
    actions = np.array([exploration.choose(np.full(2, GREEDY)) for _ in range(200)])
    assert (actions[:, 0] == GREEDY).all()
    assert (actions[:, 1] != GREEDY).all()


def test_held_actions_last_as_long_as_the_zeta_distribution_says():
    """Rare starts show single holds: half and more last one step at zeta 2, none longer than the bound."""
    lengths = held_lengths(explore(0.01, 300_000, max_duration=6, streams=1)[:, 0])
    counts = np.bincount(lengths, minlength=7)[:7] / len(lengths)
    zeta_2 = np.pi**2 / 6
    assert len(lengths) > 1_500
    assert counts[1] == pytest.approx(1 / zeta_2, abs=0.04)
    assert counts[2] == pytest.approx(1 / 4 / zeta_2, abs=0.03)
    at_the_bound = 1 - sum(1 / k**2 for k in range(1, 6)) / zeta_2
    assert counts[6] == pytest.approx(at_the_bound, abs=0.03)
    assert max(lengths) <= 12


def test_a_held_action_does_not_change():
    """With durations at their bound of 5, an exploring stream repeats nearly every action five times."""
    exploration = Exploration(np.ones(1), Choices((10_000,)), 5, 1.0001, np.random.default_rng(1))
    drawn = np.array([int(exploration.choose(np.array([10_000]))[0]) for _ in range(500)])
    borders = np.flatnonzero(np.diff(drawn, prepend=-1, append=-1))
    lengths = np.diff(borders)
    assert lengths.max() == 5
    assert (lengths == 5).sum() > 90
    assert len(set(drawn.tolist())) > 95


def test_forget_drops_the_held_actions_of_ended_streams_only():
    """A new episode starts greedy, while the other stream goes on holding."""
    epsilon = np.ones(2)
    exploration = Exploration(epsilon, Choices((3,)), 50, 1.0001, np.random.default_rng(0))
    held = exploration.choose(np.full(2, GREEDY))
    epsilon[:] = 0.0
    exploration.forget(np.array([True, False]))
    after = exploration.choose(np.full(2, GREEDY))
    assert after.tolist() == [GREEDY, held[1]]


def test_the_same_seed_explores_the_same_way():
    """Randomness comes from the generator that it was given and from nowhere else."""
    assert (explore(0.5, 200, 10, seed=4) == explore(0.5, 200, 10, seed=4)).all()
    assert (explore(0.5, 200, 10, seed=4) != explore(0.5, 200, 10, seed=5)).any()
