"""Probes of hand-made gradients, features and heads, with answers that need no computer."""

import math

import pytest
import torch
from torch import Tensor, nn

from learner.probes.gradients import conflict_share, cosines, magnitude_similarity, norm_shares
from learner.probes.lesion import lesion_shares
from learner.probes.similarity import cka_between, linear_cka
from learner.probes.units import dormant_share, effective_rank
from network.multi_task import MultiTaskNetwork
from tests.support.builders import make_spec
from tests.support.learning_builders import make_network

NAN = math.nan


def test_three_gradients_of_which_two_conflict():
    """(3, 0), (0, 4) and (-1, 1): right angles, 135 and 45 degrees."""
    gradient_TP = torch.tensor([[3.0, 0.0], [0.0, 4.0], [-1.0, 1.0]])
    half = math.sqrt(0.5)
    torch.testing.assert_close(
        cosines(gradient_TP), torch.tensor([[1.0, 0.0, -half], [0.0, 1.0, half], [-half, half, 1.0]])
    )
    assert magnitude_similarity(gradient_TP)[0, 1].item() == pytest.approx(24 / 25)
    torch.testing.assert_close(norm_shares(gradient_TP[:2]), torch.tensor([3 / 7, 4 / 7]))
    assert conflict_share(cosines(gradient_TP)).item() == pytest.approx(1 / 3)


def test_a_gradient_of_zero_has_no_direction():
    """Its cosines are not numbers and no conflicts; its length is as unlike as can be."""
    gradient_TP = torch.tensor([[1.0, 0.0], [0.0, 0.0], [-1.0, 0.0]])
    cosine_TT = cosines(gradient_TP)
    assert cosine_TT[1].isnan().all()
    assert cosine_TT[0, 2] == -1.0
    assert conflict_share(cosine_TT).item() == 1.0
    assert magnitude_similarity(gradient_TP)[0, 1] == 0.0
    assert norm_shares(gradient_TP)[1] == 0.0


def test_one_task_has_no_pairs():
    """There is no conflict to have a share of."""
    assert math.isnan(conflict_share(torch.ones(1, 1)).item())


def test_features_without_a_common_direction_are_not_alike():
    """Patterns over the rows at right angles; rows that are all the same are nothing to compare."""
    first_NF = torch.tensor([[1.0], [1.0], [-1.0], [-1.0]])
    second_NF = torch.tensor([[1.0], [-1.0], [1.0], [-1.0]])
    assert linear_cka(first_NF, second_NF).item() == 0.0
    assert linear_cka(first_NF, -5 * first_NF).item() == pytest.approx(1.0)
    assert math.isnan(linear_cka(first_NF, torch.ones(4, 3)).item())


@pytest.mark.parametrize(
    ("means", "expected"),
    [((1.0, 1.0, 1.0, 1.0), 0.0), ((4.0, 0.0, 0.0, 0.0), 0.75), ((0.0, 0.0), 1.0), ((1.0, NAN), NAN)],
)
def test_dormant_units_are_counted(means: tuple[float, ...], expected: float):
    """By their mean activity: even, one of four at work, a silent layer, a layer that has diverged."""
    features_NF = torch.tensor([means, means]) * torch.tensor([[0.5], [1.5]])
    assert dormant_share(features_NF).item() == pytest.approx(expected, nan_ok=True)


def test_a_unit_is_dormant_from_the_threshold_on():
    """At 2.5 % of the layer's mean it is, above it is not."""
    features_NF = torch.tensor([[1.0, 1.0, 0.05, 0.06]])
    mean = features_NF.mean().item()
    assert dormant_share(features_NF, below=0.055 / mean).item() == 0.25


@pytest.mark.parametrize(
    ("values", "expected"),
    [((1.0, 1.0, 1.0), 3.0), ((100.0, 0.5, 0.4), 1.0), ((98.0, 1.5, 0.5), 2.0), ((0.0, 0.0, 0.0), 0.0)],
)
def test_the_effective_rank_of_given_singular_values(values: tuple[float, ...], expected: float):
    """All alike, one alone, one and a bit, none: turned by an orthogonal matrix."""
    turn = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(0)))[0]
    assert effective_rank(torch.diag(torch.tensor(values)) @ turn) == expected


def test_the_effective_rank_of_what_is_not_finite_is_no_number():
    """A learner that diverged is reported by the training loop, not by an error of the probe."""
    assert math.isnan(effective_rank(torch.tensor([[1.0, NAN], [0.0, 1.0]])))


def with_head(weight: Tensor, bias: Tensor) -> MultiTaskNetwork:
    """Return a network of two tasks of two actions whose heads have this weight (4, 2) and bias (4,)."""
    network = make_network([make_spec("a"), make_spec("b")], width=2)
    (head,) = network.heads.values()
    nn.utils.vector_to_parameters(torch.cat([weight.flatten(), bias]), head.parameters())
    return network


@torch.no_grad()
def test_a_head_that_needs_its_trunk_changes_its_mind_without():
    """Task a acts by the sign of a feature, task b always does the same: 1 of 4 rows changes, and none."""
    weight = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    network = with_head(weight, torch.tensor([0.0, 0.0, 9.0, 0.0]))
    features_NF = torch.tensor([[3.0, 0.0]] * 3 + [[-1.0, 0.0], [-20.0, 1.0], [-20.0, -1.0]])
    torch.testing.assert_close(lesion_shares(network, features_NF, [4, 2]), torch.tensor([0.25, 0.0]))


@pytest.mark.parametrize("rows", [3, 77, 256])
def test_features_that_never_vary_have_no_similarity(rows: int):
    """The mean of equal numbers is rounded: what is left of them must not look like features that agree."""
    generator = torch.Generator().manual_seed(0)
    constant_NF = (100 * torch.rand(8, generator=generator)).expand(rows, 8)
    varying_NF = torch.rand(rows, 8, generator=generator)
    assert math.isnan(linear_cka(constant_NF, constant_NF).item())
    assert math.isnan(linear_cka(constant_NF, varying_NF).item())
    both_NF = torch.cat([constant_NF, varying_NF], 1)
    assert linear_cka(both_NF, varying_NF).item() == pytest.approx(1.0)


def test_cka_between_networks_goes_task_by_task():
    """A network is like itself, and like one whose trunk is another only in part; heads do not matter."""
    generator = torch.Generator().manual_seed(0)
    observations = [torch.randn(50, 3, generator=generator), torch.randn(60, 5, generator=generator)]
    first, second, headless = make_network(seed=1), make_network(seed=2), make_network(seed=1)
    for parameter in headless.heads.parameters():
        nn.init.zeros_(parameter)
    assert cka_between(first, headless, observations) == pytest.approx([1.0, 1.0])
    for value in cka_between(first, second, observations):
        assert 0.0 < value < 0.99
