"""Methods that combine the tasks' gradients, against slow versions of their papers."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from learner.learner import Learner
from learner.weighting.aggregated import AggregatedGradients
from learner.weighting.conflict_averse import RADIUS
from learner.weighting.surgery import Surgery
from learner.weighting.table import task_weighting
from tests.support.learning_builders import make_batches, make_network, make_rule
from tests.unit.learner.weighting import oracles

METHODS = ["pcgrad", "cagrad", "aligned_mtl", "imtl_g", "upgrad"]
SEED = 4


def gradients(seed: int, tasks: int, spread: float = 1.0) -> NDArray[np.float64]:
    """Return gradients (T, T + 3) that often conflict, some `spread` times as long as others."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(tasks, tasks + 3)) * spread ** rng.uniform(size=(tasks, 1))


def combined(name: str, gradient_TP: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what a method makes of gradients."""
    gradient = torch.tensor(gradient_TP)
    gramian = gradient @ gradient.mT
    weighting = task_weighting(name, [1.0] * len(gradient), SEED)
    assert isinstance(weighting, AggregatedGradients)
    weights = weighting.weights_of((gramian / gramian.trace()).float())
    return (weights.double() @ gradient).numpy()


def assert_close(found: NDArray[np.float64], expected: NDArray[np.float64], tolerance: float) -> None:
    assert np.linalg.norm(found - expected) <= tolerance * np.linalg.norm(expected)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6))
def test_pcgrad_is_the_papers_projection_one_task_after_another(seed, tasks):
    """The orders are those that the same generator gives."""
    gradient_TP = gradients(seed, tasks, spread=10.0)
    generator = torch.Generator().manual_seed(SEED)
    orders = torch.rand((tasks, tasks), generator=generator).argsort(1).tolist()
    assert_close(combined("pcgrad", gradient_TP), oracles.pcgrad(gradient_TP, orders), 1e-4)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 5))
def test_imtl_g_has_equal_projections(seed, tasks):
    """The oracle solves for them; well conditioned gradients only, since float products are all there is."""
    gradient_TP = np.eye(tasks, tasks + 3) + 0.3 * gradients(seed, tasks)
    if np.linalg.cond(gradient_TP) < 20:
        assert_close(combined("imtl_g", gradient_TP), oracles.imtl_g(gradient_TP), 1e-2)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5))
def test_aligned_mtl_is_the_sum_of_orthogonal_gradients(seed, tasks):
    """By singular vectors of the gradients themselves."""
    gradient_TP = np.eye(tasks, tasks + 3) + 0.3 * gradients(seed, tasks)
    if np.linalg.cond(gradient_TP) < 20:
        assert_close(combined("aligned_mtl", gradient_TP), oracles.aligned_mtl(gradient_TP), 1e-2)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5))
def test_cagrad_is_the_best_that_a_general_solver_finds(seed, tasks):
    """SciPy minimises the dual from several starts."""
    gradient_TP = np.eye(tasks, tasks + 3) + 0.3 * gradients(seed, tasks)
    assert_close(combined("cagrad", gradient_TP), oracles.cagrad(gradient_TP, RADIUS), 1e-2)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6))
def test_upgrad_harms_no_task(seed, tasks):
    """Its inner product with every gradient is not negative, but for the solver's small diagonal."""
    gradient_TP = gradients(seed, tasks, spread=3.0)
    update = combined("upgrad", gradient_TP)
    lengths = np.linalg.norm(gradient_TP, axis=1) * np.linalg.norm(update)
    assert (gradient_TP @ update >= -0.02 * lengths).all()


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("length", [1e-8, 1.0, 1e8])
def test_gradients_that_agree_in_nothing_are_summed_whatever_their_length(name, length):
    """Orthogonal gradients of one length: all methods give the plain sum, CAGrad one longer by c."""
    weighting = task_weighting(name, [1.0] * 4, SEED)
    assert isinstance(weighting, AggregatedGradients)
    weights = weighting._weights(length * torch.eye(4, 9))
    longer = 1 + RADIUS if name == "cagrad" else 1
    torch.testing.assert_close(weights, torch.full((4,), float(longer)), rtol=1e-3, atol=0)
    assert weighting.plain_sums == 0


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("value", [0.0, torch.inf, torch.nan, 3e19])
def test_gradients_without_weights_are_summed_and_counted(name, value):
    """Not finite, or too long for their products; zero gradients are no failure."""
    weighting = task_weighting(name, [1.0] * 3, SEED)
    assert isinstance(weighting, AggregatedGradients)
    gradient_TP = torch.ones(3, 5)
    gradient_TP[:] = 0.0 if value == 0.0 else 1.0
    gradient_TP[1] *= value
    assert weighting._weights(gradient_TP).tolist() == [1.0] * 3
    assert weighting.plain_sums == (value != 0.0)


@pytest.mark.parametrize("name", METHODS)
def test_an_update_sets_the_combination_in_the_trunk_and_each_tasks_own_gradient_elsewhere(name):
    """Beside gradients of each task from a pass of its own through one graph."""
    network = make_network()
    weighting = task_weighting(name, [1.0] * 2, SEED)
    rule = make_rule(weighting=weighting, max_gradient_norm=1e9)
    learner = Learner(network, torch.optim.SGD(network.parameters(), lr=1.0), rule)
    batches = make_batches(np.random.default_rng(0))
    loss_T = learner.objective.losses(batches, learner.objective.targets(batches)).loss_T
    parameters = dict(network.named_parameters())
    own = [gradients_of(loss, parameters) for loss in loss_T]
    before = {name: parameter.detach().clone() for name, parameter in parameters.items()}
    learner.step(batches)
    for key, parameter in parameters.items():
        weights = weighting.weights_T if key.startswith("trunk") else torch.ones(2)
        expected = sum(weight * gradient[key] for weight, gradient in zip(weights, own, strict=True))
        torch.testing.assert_close(before[key] - parameter.detach(), expected, rtol=1e-4, atol=1e-6)


def gradients_of(loss: Tensor, parameters: dict[str, torch.nn.Parameter]) -> dict[str, Tensor]:
    found = torch.autograd.grad(loss, list(parameters.values()), retain_graph=True, materialize_grads=True)
    return dict(zip(parameters, found, strict=True))


def test_the_orders_of_surgery_are_drawn_anew_and_by_the_seed():
    """Updates of one seed are the same; one after another they are not."""
    gramian_TT = torch.tensor(np.cov(gradients(1, 6))).float()
    first, second = ([surgery(gramian_TT).tolist() for _ in range(5)] for surgery in (Surgery(1), Surgery(1)))
    assert first == second
    assert len(set(map(tuple, first))) > 1
