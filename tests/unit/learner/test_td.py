"""Temporal differences against numbers that were worked out by hand."""

import numpy as np
import pytest
import torch

from learner.td import (
    annealed,
    huber_loss,
    squared_loss,
    task_means,
    td_targets,
)


def test_a_target_is_the_return_and_the_discounted_bootstrap_value():
    """reward_n + discount_n * bootstrap, with the n-step discount as it is given."""
    targets = td_targets(
        reward_n_B=torch.tensor([0.5, -1.0, 2.0]),
        discount_n_B=torch.tensor([0.81, 0.9, 0.0]),
        bootstrap_B=torch.tensor([10.0, 20.0, 1000.0]),
    )
    torch.testing.assert_close(targets, torch.tensor([8.6, 17.0, 2.0]))


@pytest.mark.parametrize(
    ("sizes", "expected"), [([2, 2, 2], [1.5, 3.5, 5.5]), ([3, 2, 1], [2.0, 4.5, 6.0]), ([6], [3.5])]
)
def test_a_tasks_mean_is_over_its_own_rows(sizes, expected):
    """The rows lie task after task, equally many of each or not."""
    assert task_means(torch.arange(1.0, 7.0), sizes).tolist() == expected


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (huber_loss, [2.5, 0.5, 0.125, 0.0, 0.125, 0.5, 1.5]),
        (squared_loss, [4.5, 0.5, 0.125, 0.0, 0.125, 0.5, 2.0]),
    ],
)
def test_losses_have_their_textbook_values(loss, expected):
    """Half the square, and for Huber |e| - 0.5 beyond 1, with no mean taken."""
    errors = torch.tensor([-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0])
    assert loss(errors).tolist() == expected


@pytest.mark.parametrize(
    ("loss", "expected"), [(huber_loss, [-1.0, -0.5, 0.25, 1.0]), (squared_loss, [-3.0, -0.5, 0.25, 2.0])]
)
def test_huber_bounds_the_gradient_and_the_square_does_not(loss, expected):
    """The gradient by the error is the error itself, for Huber clipped to [-1, 1]."""
    errors = torch.tensor([-3.0, -0.5, 0.25, 2.0], requires_grad=True)
    loss(errors).sum().backward()
    assert errors.grad is not None
    assert errors.grad.tolist() == expected


@pytest.mark.parametrize(
    ("step", "expected"), [(0, 0.4), (250, 0.55), (500, 0.7), (1000, 1.0), (1001, 1.0), (10**9, 1.0)]
)
def test_the_exponent_moves_on_a_line_and_then_stays(step, expected):
    """It has its ends at the ends, half the way in the middle, and goes no further."""
    assert annealed(0.4, 1.0, 1000, step) == pytest.approx(expected, abs=1e-12)


def test_the_exponent_can_fall_and_needs_no_steps():
    """A start above the end falls; zero steps mean the end at once."""
    assert annealed(1.0, 0.0, 10, 5) == 0.5
    assert annealed(0.4, 0.9, 0, 0) == pytest.approx(0.9)


def test_the_exponent_ends_exactly_where_it_is_told():
    """No rounding leaves it short of 1, so the bias correction becomes complete."""
    ends = [annealed(0.0, 1.0, steps, steps) for steps in (1, 3, 7, 10_000)]
    assert ends == [1.0] * len(ends)
    assert np.isclose(annealed(0.1, 0.7, 3, 3), 0.7, rtol=0, atol=1e-15)
