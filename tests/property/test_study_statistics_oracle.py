"""The statistics equal what loops over their definitions say."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from study.paired import attainable_level, holm, sign_flip_p
from study.statistics import (
    estimate,
    improvement,
    interquartile_mean,
    reach,
    resample,
    resampled_improvement,
    resampled_seeds,
    run_iqm,
    task_median,
)

VALUES = st.integers(-4, 4).map(float) | st.floats(-100, 100, width=32)
"""Whole numbers, so that ties happen, and others."""

SEEDS = st.integers(0, 2**16)


def tables(min_seeds=2, max_seeds=7):
    return st.tuples(st.integers(min_seeds, max_seeds), st.integers(1, 4)).flatmap(
        lambda shape: arrays(np.float64, shape, elements=VALUES)
    )


def pairs_of_tables():
    return st.tuples(st.integers(2, 6), st.integers(1, 3)).flatmap(
        lambda shape: st.tuples(*[arrays(np.float64, shape, elements=VALUES)] * 2)
    )


def slow_iqm(values):
    ordered = sorted(values)
    for _ in range(int(0.25 * len(values))):
        ordered = ordered[1:-1]
    return sum(ordered) / len(ordered)


def slow_improvement(x, y):
    games = [1.0 if a > b else 0.5 if a == b else 0.0 for a in x for b in y]
    return sum(games) / len(games)


def slow_sign_flip(differences):
    observed = abs(math.fsum(differences))
    patterns = list(itertools.product([1, -1], repeat=len(differences)))
    sums = [abs(math.fsum(s * d for s, d in zip(signs, differences, strict=True))) for signs in patterns]
    return sum(one >= observed - 1e-9 * math.fsum(map(abs, differences)) for one in sums) / len(patterns)


def rejected_by_holm(p_values, alpha):
    """Step down from the smallest p, against alpha / M, alpha / (M - 1), ..., until one is kept."""
    rejected = set()
    for rank, which in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if p_values[which] * (len(p_values) - rank) > alpha:
            break
        rejected.add(which)
    return rejected


@given(tables(1, 9))
def test_interquartile_means_are_sorted_and_trimmed_means(scores_ST):
    """Of each task, and of all runs of all tasks at once."""
    np.testing.assert_allclose(
        interquartile_mean(scores_ST, 0), [slow_iqm(x) for x in scores_ST.T], atol=1e-6
    )
    np.testing.assert_allclose(run_iqm(scores_ST), slow_iqm(scores_ST.ravel().tolist()), atol=1e-6)


@given(pairs_of_tables())
def test_improvement_counts_every_game(both):
    """Each run of one arm plays each of the other; a tie is half a win; the two sides' shares add up to 1."""
    x_ST, y_ST = both
    expected = [slow_improvement(x, y) for x, y in zip(x_ST.T, y_ST.T, strict=True)]
    np.testing.assert_allclose(improvement(x_ST, y_ST), expected)
    np.testing.assert_allclose(improvement(x_ST, y_ST) + improvement(y_ST, x_ST), 1.0)


@given(pairs_of_tables(), st.booleans(), SEEDS)
def test_a_resampled_improvement_is_that_of_the_sample(both, whole, seed):
    """Weighing the games gives what playing them with the drawn runs gives, drawn by task or whole."""
    x_ST, y_ST = both
    seeds, tasks = x_ST.shape
    index_RSK = resampled_seeds(np.random.default_rng(seed), seeds, 1 if whole else tasks, 5)
    x_RST, y_RST = resample(x_ST, index_RSK), resample(y_ST, index_RSK)
    expected = [improvement(x, y) for x, y in zip(x_RST, y_RST, strict=True)]
    np.testing.assert_allclose(resampled_improvement(x_ST, y_ST, index_RSK), expected)


@given(tables(), st.booleans(), SEEDS)
def test_samples_are_gathered_run_by_run(scores_ST, whole, seed):
    """Every entry of a sample is the drawn seed's of that task, and statistics of all samples are of each."""
    seeds, tasks = scores_ST.shape
    index_RSK = resampled_seeds(np.random.default_rng(seed), seeds, 1 if whole else tasks, 6)
    sample_RST = resample(scores_ST, index_RSK)
    for r, s, t in np.ndindex(6, seeds, tasks):
        assert sample_RST[r, s, t] == scores_ST[index_RSK[r, s, 0 if whole else t], t]
    np.testing.assert_allclose(task_median(sample_RST), [np.median(x.mean(0)) for x in sample_RST])
    np.testing.assert_allclose(
        run_iqm(sample_RST), [slow_iqm(x.ravel().tolist()) for x in sample_RST], atol=1e-6
    )


@given(arrays(np.float64, st.integers(1, 300), elements=st.floats(-10, 10)))
def test_an_interval_leaves_out_a_fortieth_at_each_end(values_R):
    """Its ends are the order statistics that the percentiles name."""
    ordered = sorted(values_R)
    found = estimate(0.0, values_R)
    count = len(ordered)
    assert found.low == ordered[max(math.ceil(round(0.025 * count, 9)) - 1, 0)]
    assert found.high == ordered[math.ceil(round(0.975 * count, 9)) - 1]


@settings(deadline=None)
@given(tables(1, 8))
def test_few_pairs_are_flipped_in_every_way(difference_ST):
    """The p-value is the share of all sign patterns that reach as far, and knows no direction."""
    rng = np.random.default_rng(0)
    found = sign_flip_p(difference_ST, rng)
    np.testing.assert_allclose(found, [slow_sign_flip(d.tolist()) for d in difference_ST.T])
    np.testing.assert_allclose(found, sign_flip_p(-3.0 * difference_ST, rng))


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_many_pairs_are_flipped_at_random(seed):
    """With 15 pairs, drawn flips come near the share of all 2^15 and never give zero."""
    difference_S = np.random.default_rng(seed).normal(0.4, 1.0, 15)
    drawn = sign_flip_p(difference_S[:, None], np.random.default_rng(1))[0]
    sums = np.array(list(itertools.product([1.0, -1.0], repeat=15))) @ difference_S
    exact = np.mean(np.abs(sums) >= abs(difference_S.sum()) - 1e-9)
    assert drawn == pytest.approx(exact, abs=5 * math.sqrt(0.25 / 20_000))
    assert sign_flip_p(np.ones((40, 1)), np.random.default_rng(1))[0] == pytest.approx(1 / 20_001)


@given(st.lists(st.sampled_from([0.001, 0.004, 0.01, 0.02, 0.03, 0.2, 1.0]), min_size=1, max_size=10))
def test_holm_rejects_what_stepping_down_rejects(p_values):
    """At every level; and corrected values are no smaller than the raw and at most 1."""
    corrected = holm(np.array(p_values))
    assert (corrected >= p_values).all()
    assert (corrected <= 1).all()
    for alpha in (0.01, 0.0501, 0.101, 0.3):
        by_definition = rejected_by_holm(p_values, alpha)
        assert {i for i, p in enumerate(corrected) if p <= alpha} == by_definition


@given(st.integers(2, 12), st.integers(1, 20))
def test_a_level_is_attainable_if_some_differences_reach_it(pairs, tests):
    """The smallest p-value that any differences give is that of equal signs, and the level is a p-value."""
    level = attainable_level(pairs, 0.05, tests)
    smallest = sign_flip_p(np.ones((pairs, 1)), np.random.default_rng(0))[0]
    assert (level > 0) == (smallest <= 0.05 / tests)
    assert level <= 0.05 / tests < level + smallest


@given(arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 6)), elements=VALUES), VALUES)
def test_steps_are_those_of_the_first_evaluation_that_reaches(returns_SP, threshold):
    """Walking along a curve gives the same, and a curve that never reaches it gives infinity."""
    steps_P = np.arange(1, returns_SP.shape[1] + 1) * 500
    for found, curve in zip(reach(returns_SP, steps_P, threshold), returns_SP, strict=True):
        walked = [int(steps) for steps, value in zip(steps_P, curve, strict=True) if value >= threshold]
        assert found == (walked[0] if walked else math.inf)
