"""Value scales beside the recursions of their papers, task by task in plain floats."""

import math
from collections.abc import Sequence
from fractions import Fraction

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from learner.value_scale.affine import AffineScale
from learner.value_scale.interface import Returns
from learner.value_scale.pop_art import PopArt
from learner.value_scale.return_range import SMALLEST, ReturnRange

SIZES = st.lists(st.integers(1, 4), min_size=1, max_size=4)
Row = tuple[float, float, float]


def some_returns(data: st.DataObject, sizes: Sequence[int]) -> tuple[Returns, list[list[Row]]]:
    """Draw rows (reward, discount, bootstrap) of each task, some of them zero."""
    number = st.floats(-50, 50, width=32)
    row = st.tuples(st.just(0.0) | number, st.sampled_from([0.0, 0.5, 0.9]), number)
    tasks = [data.draw(st.lists(row, min_size=size, max_size=size)) for size in sizes]
    reward_N, discount_N, bootstrap_N = torch.tensor([row for rows in tasks for row in rows]).unbind(1)
    return Returns(reward_N, discount_N, bootstrap_N, sizes), tasks


@settings(max_examples=25, deadline=None)
@given(data=st.data(), sizes=SIZES, popart=st.booleans())
def test_values_and_returns_are_inverse(data: st.DataObject, sizes: list[int], popart: bool):
    """There and back is where it was, and the map is the task's own line."""
    scale: AffineScale = PopArt(len(sizes), 0.1) if popart else ReturnRange(len(sizes), 10.0, preserve=True)
    returns, _ = some_returns(data, sizes)
    scale.observe(returns)
    values_N = torch.linspace(-2, 2, sum(sizes))
    there = scale.returns(values_N, sizes)
    of_task = [task for task, size in enumerate(sizes) for _ in range(size)]
    expected = [scale.scale_T[t] * v + scale.shift_T[t] for t, v in zip(of_task, values_N, strict=True)]
    torch.testing.assert_close(there, torch.stack(expected))
    tolerance = 1e-4 / float(scale.scale_T.min()) if popart else 1e-4
    torch.testing.assert_close(scale.values(there, sizes), values_N, rtol=1e-4, atol=tolerance)


@settings(max_examples=25, deadline=None)
@given(data=st.data(), sizes=SIZES, updates=st.integers(1, 5))
def test_popart_follows_the_papers_recursions(data: st.DataObject, sizes: list[int], updates: int):
    """mu and nu move by beta towards the batch's moments, and sigma^2 = nu - mu^2."""
    scale, rate = PopArt(len(sizes), 0.1), 0.1
    moments = [(0.0, 1.0)] * len(sizes)
    for _ in range(updates):
        returns, tasks = some_returns(data, sizes)
        scale.observe(returns)
        for index, rows in enumerate(tasks):
            totals = [reward + discount * bootstrap for reward, discount, bootstrap in rows]
            mean, square = moments[index]
            moments[index] = (
                (1 - rate) * mean + rate * sum(totals) / len(totals),
                (1 - rate) * square + rate * sum(total**2 for total in totals) / len(totals),
            )
    for index, (mean, square) in enumerate(moments):
        assert math.isclose(float(scale.shift_T[index]), mean, rel_tol=1e-4, abs_tol=1e-4)
        deviation = math.sqrt(max(square - mean**2, 1e-8))
        assert math.isclose(float(scale.scale_T[index]), deviation, rel_tol=1e-2, abs_tol=1e-3)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    level=st.floats(-1e6, 1e6, width=32),
    spread=st.sampled_from([0.0, 1e-3, 1.0, 1e3]),
    rate=st.sampled_from([0.01, 0.3]),
)
def test_popart_keeps_the_deviation_of_large_means(seed: int, level: float, spread: float, rate: float):
    """The papers' sigma^2 = nu - mu^2 in exact fractions; its moments start where the returns are.

    Else what is left of the start, (1 - rate)^n of its square, would hide the deviation.
    """
    generator, scale = torch.Generator().manual_seed(seed), PopArt(1, rate)
    scale.shift_T.fill_(level)
    step, mean = Fraction(rate), Fraction(level)
    square = mean**2 + 1
    for _ in range(30):
        total_B = level + spread * torch.randn(4, generator=generator)
        scale.observe(Returns(total_B, torch.zeros(4), torch.zeros(4), [4]))
        exact = [Fraction(total) for total in total_B.tolist()]
        mean += step * (sum(exact, Fraction()) / 4 - mean)
        square += step * (sum((total * total for total in exact), Fraction()) / 4 - square)
    deviation = math.sqrt(max(float(square - mean**2), 1e-8))
    assert math.isclose(float(scale.scale_T), deviation, rel_tol=1e-6)
    assert math.isclose(float(scale.shift_T), float(mean), rel_tol=1e-12, abs_tol=1e-12)


@settings(max_examples=25, deadline=None)
@given(data=st.data(), sizes=SIZES, updates=st.integers(1, 5))
def test_the_range_is_that_of_a_loop(data: st.DataObject, sizes: list[int], updates: int):
    """The largest |n-step return|, what comes after it believed up to the range so far."""
    scale = ReturnRange(len(sizes), 10.0, preserve=True)
    ranges = [0.0] * len(sizes)
    for _ in range(updates):
        returns, tasks = some_returns(data, sizes)
        scale.observe(returns)
        for index, rows in enumerate(tasks):
            believed = [abs(r) + d * min(abs(b), ranges[index]) for r, d, b in rows]
            ranges[index] = max(ranges[index], *believed)
    for index, largest in enumerate(ranges):
        assert math.isclose(float(scale.scale_T[index]), max(largest / 10.0, SMALLEST), rel_tol=1e-5)
        assert float(scale.shift_T[index]) == 0.0


@settings(max_examples=25, deadline=None)
@given(data=st.data(), discount=st.sampled_from([0.5, 0.9, 0.99]), largest=st.floats(0.1, 100))
def test_no_network_can_make_the_range_larger_than_rewards_could(
    data: st.DataObject, discount: float, largest: float
):
    """Bootstraps without bound, and R stays within |r_n| / (1 - discount_n)."""
    scale = ReturnRange(1, 10.0, preserve=True)
    for sign in data.draw(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=1, max_size=100)):
        reward = torch.tensor([sign * largest])
        scale.observe(Returns(reward, torch.tensor([discount]), torch.tensor([1e30]), [1]))
    assert float(scale.range_T) <= largest / (1 - discount) * 1.001


def test_what_was_never_paid_keeps_its_outputs_and_its_scale():
    """However large the network's values are, and when the first reward comes too; then they follow."""
    scale = ReturnRange(2, 10.0, preserve=True)

    def factors(rewards: list[float]) -> list[float]:
        returns = Returns(torch.tensor(rewards), torch.full((2,), 0.9), torch.full((2,), 1e6), [1, 1])
        change = scale.observe(returns)
        assert change is not None
        assert not change.offset_T.any()
        return [float(factor) for factor in change.factor_T]

    assert factors([0.0, 0.0]) == [1.0, 1.0]
    assert not scale.range_T.any()
    assert factors([0.0, 4.0]) == [1.0, 1.0]
    assert scale.range_T.tolist() == [0.0, 4.0]
    first, second = factors([2.0, 4.0])
    assert first == 1.0
    assert math.isclose(second, 4.0 / (4.0 + 0.9 * 4.0), rel_tol=1e-5)
