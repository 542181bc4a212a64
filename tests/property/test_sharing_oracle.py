"""Every way of sharing beside the same formulas as plain loops over tasks, layers, rows and experts."""

from collections.abc import Mapping
from itertools import accumulate, pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from network.cross_stitch import CrossStitchTrunk
from network.experts import ExpertsTrunk, orthonormal
from network.hard import HardTrunk
from network.separate import SeparateTrunk
from network.trunk import Trunk

WIDTHS = (5, 4, 3)
Weights = Mapping[str, Tensor]

several = st.integers(1, 4)
some_sizes = st.lists(st.integers(1, 3), min_size=1, max_size=4)
seeds = st.integers(0, 99)
quick = settings(max_examples=25, deadline=None)


def random_trunk(trunk: Trunk, seed: int) -> Weights:
    """Give every parameter random values; return them by name."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in trunk.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return {name: parameter.detach() for name, parameter in trunk.named_parameters()}


def names(sizes: list[int]) -> list[str]:
    return [f"t{i}" for i in range(len(sizes))]


def rows_of(sizes: list[int], seed: int) -> Tensor:
    return torch.randn(sum(sizes), WIDTHS[0], generator=torch.Generator().manual_seed(seed))


def slice_of(weights: Weights, name: str, index: int, count: int) -> Tensor:
    return weights[name].chunk(count)[index]


def normal(x: Tensor, weights: Weights, prefix: str, index: int = 0, count: int = 1) -> Tensor:
    scale, shift = (slice_of(weights, f"{prefix}.norm.{part}", index, count) for part in ("weight", "bias"))
    return functional.layer_norm(x, x.shape[-1:], scale, shift)


def linear(x: Tensor, weights: Weights, prefix: str, index: int = 0, count: int = 1) -> Tensor:
    weight, bias = (slice_of(weights, f"{prefix}.linear.{p}", index, count) for p in ("weight", "bias"))
    return weight @ x + bias


def perceptron(x: Tensor, weights: Weights, prefix: str, index: int, count: int) -> Tensor:
    """Return what one of several perceptrons makes of one row."""
    for layer in range(len(WIDTHS) - 1):
        block = f"{prefix}.blocks.{layer}"
        x = linear(normal(x, weights, block, index, count).relu(), weights, block, index, count)
    return x.relu()


def each_row(sizes: list[int], rows_NF: Tensor) -> list[tuple[int, Tensor]]:
    """Return (task, row) of all rows."""
    return list(zip([task for task, size in enumerate(sizes) for _ in range(size)], rows_NF, strict=True))


def assert_equals(trunk: Trunk, rows_NF: Tensor, sizes: list[int], expected: list[Tensor]) -> None:
    torch.testing.assert_close(trunk(rows_NF, sizes), torch.stack(expected), rtol=1e-3, atol=1e-4)


@quick
@given(sizes=some_sizes, seed=seeds)
def test_separate_is_a_perceptron_a_task(sizes: list[int], seed: int):
    """Each row meets its own task's parameters only."""
    trunk = SeparateTrunk.initialised(names(sizes), WIDTHS)
    weights, rows_NF = random_trunk(trunk, seed), rows_of(sizes, seed)
    prefix = f"columns.{next(iter(trunk.columns))}"
    expected = [perceptron(row, weights, prefix, task, len(sizes)) for task, row in each_row(sizes, rows_NF)]
    assert_equals(trunk, rows_NF, sizes, expected)


@quick
@given(tasks=several, pull=st.sampled_from([0.1, 2.0]), seed=seeds)
def test_the_pull_is_on_distances_from_the_mean(tasks: int, pull: float, seed: int):
    """c/2 times the sum over tasks of the squared distance between a task's parameters and their mean."""
    trunk = SeparateTrunk.initialised([f"t{i}" for i in range(tasks)], WIDTHS, pull)
    weights = random_trunk(trunk, seed)
    theta_TP = torch.stack(
        [torch.cat([weight.chunk(tasks)[i].flatten() for weight in weights.values()]) for i in range(tasks)]
    )
    expected = 0.5 * pull * sum(float((theta - theta_TP.mean(0)).square().sum()) for theta in theta_TP)
    penalty = trunk.penalty()
    assert penalty is not None
    assert float(penalty.detach()) == pytest.approx(expected, rel=1e-4, abs=1e-5)


@quick
@given(sizes=some_sizes, seed=seeds)
def test_cross_stitch_is_a_loop_over_layers_and_columns(sizes: list[int], seed: int):
    """Behind each layer, before the next norm, column i becomes the sum over j of stitch[i, j] column j."""
    count = len(sizes)
    trunk = CrossStitchTrunk.initialised(names(sizes), WIDTHS)
    weights, rows_NF = random_trunk(trunk, seed), rows_of(sizes, seed)
    expected = []
    for task, row in each_row(sizes, rows_NF):
        columns = [row] * count
        for layer in range(len(WIDTHS) - 1):
            block = f"columns.blocks.{layer}"
            made = [
                linear(normal(x, weights, block, c, count).relu(), weights, block, c, count)
                for c, x in enumerate(columns)
            ]
            stitch = weights["stitches"][layer]
            columns = [
                torch.stack([float(stitch[i, j]) * made[j] for j in range(count)]).sum(0)
                for i in range(count)
            ]
        expected.append(columns[task].relu())
    assert_equals(trunk, rows_NF, sizes, expected)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_stitches_start_with_shares_that_add_up_to_one(count: int):
    """Most of it a column's own, the rest in equal parts."""
    stitch_CC = CrossStitchTrunk.initialised([f"t{i}" for i in range(count)], WIDTHS).stitches[0]
    assert stitch_CC.sum(1).tolist() == pytest.approx([1.0] * count)
    assert stitch_CC.diagonal().tolist() == pytest.approx([0.9 if count > 1 else 1.0] * count)


@quick
@given(sizes=some_sizes, experts=several, seed=seeds, orthogonal=st.booleans())
def test_a_mixture_is_a_loop_over_rows_and_experts(
    sizes: list[int], experts: int, seed: int, orthogonal: bool
):
    """Of each row: its task's softmax, times what each expert makes of it, made orthonormal or not."""
    trunk = ExpertsTrunk.initialised(names(sizes), WIDTHS, experts, orthogonal)
    weights, rows_NF = random_trunk(trunk, seed), rows_of(sizes, seed)
    gate = f"gates.{next(iter(trunk.gates))}"
    expected = []
    for task, row in each_row(sizes, rows_NF):
        weight, bias = (slice_of(weights, f"{gate}.{p}", task, len(sizes)) for p in ("weight", "bias"))
        share_E = (weight @ row + bias).exp() / (weight @ row + bias).exp().sum()
        made = [perceptron(row, weights, "experts", e, experts) for e in range(experts)]
        if orthogonal:
            made = list(orthonormal(torch.stack(made).unsqueeze(1)).squeeze(1))
        expected.append(torch.stack([share_E[e] * made[e] for e in range(experts)]).sum(0))
    assert_equals(trunk, rows_NF, sizes, expected)


@quick
@given(experts=several, rows=several, seed=seeds)
def test_orthonormal_experts_are_those_of_a_qr_decomposition(experts: int, rows: int, seed: int):
    """Up to signs, which Gram-Schmidt keeps and LAPACK does not."""
    features_ENF = torch.randn(experts, rows, 7, generator=torch.Generator().manual_seed(seed))
    found = orthonormal(features_ENF).numpy()
    for row in range(rows):
        basis_EF = found[:, row]
        np.testing.assert_allclose(basis_EF @ basis_EF.T, np.eye(experts), atol=1e-4)
        q_FE, r_EE = np.linalg.qr(features_ENF[:, row].numpy().T)
        np.testing.assert_allclose(basis_EF, (q_FE * np.sign(np.diag(r_EE))).T, atol=1e-3)


def test_an_expert_without_a_direction_of_its_own_becomes_zero():
    """Nothing, and what others span, add nothing; later experts are what they would be without it."""
    first, later = torch.tensor([[3.0, 4.0]]), torch.tensor([[0.0, 2.0]])
    found = orthonormal(torch.stack([first, torch.zeros(1, 2), later]))
    torch.testing.assert_close(found[:, 0], torch.tensor([[0.6, 0.8], [0.0, 0.0], [-0.8, 0.6]]))


@quick
@given(sizes=some_sizes, seed=seeds)
def test_film_scales_and_shifts_after_every_norm(sizes: list[int], seed: int):
    """(1 + gamma) x + beta, each layer with a stretch of the task's vector: first gammas, then betas."""
    trunk = HardTrunk.initialised(names(sizes), WIDTHS, "film")
    weights, rows_NF = random_trunk(trunk, seed), rows_of(sizes, seed)
    vectors = weights[f"conditions.{next(iter(trunk.conditions))}.values"].chunk(len(sizes))
    starts = [0, *accumulate(2 * width for width in WIDTHS[:-1])]
    expected = []
    for task, x in each_row(sizes, rows_NF):
        for layer, (start, end) in enumerate(pairwise(starts)):
            gamma, beta = vectors[task][start:end].chunk(2)
            block = f"mlp.blocks.{layer}"
            x = linear(((1 + gamma) * normal(x, weights, block) + beta).relu(), weights, block)
        expected.append(x.relu())
    assert_equals(trunk, rows_NF, sizes, expected)


@quick
@given(sizes=some_sizes, seed=seeds)
def test_an_embedding_is_appended_at_length_one(sizes: list[int], seed: int):
    """Each row ends with its task's vector, divided by its length."""
    trunk = HardTrunk.initialised(names(sizes), WIDTHS, "embedding")
    weights, rows_NF = random_trunk(trunk, seed), rows_of(sizes, seed)
    vectors = weights[f"conditions.{next(iter(trunk.conditions))}.values"].chunk(len(sizes))
    expected = [
        perceptron(torch.cat([row, vectors[task] / vectors[task].norm()]), weights, "mlp", 0, 1)
        for task, row in each_row(sizes, rows_NF)
    ]
    assert_equals(trunk, rows_NF, sizes, expected)


def test_film_starts_by_doing_nothing():
    """A fresh conditioned trunk computes what the plain one of its parameters does."""
    film, plain = HardTrunk.initialised(["a", "b"], WIDTHS, "film"), HardTrunk.initialised(["a", "b"], WIDTHS)
    plain.mlp.load_state_dict(film.mlp.state_dict())
    rows_NF = rows_of([2, 3], seed=0)
    torch.testing.assert_close(film(rows_NF, [2, 3]), plain(rows_NF, [2, 3]))
