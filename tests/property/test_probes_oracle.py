"""The probes beside slow definitions: a backward pass a task, HSIC by a centring matrix, loops over units."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from learner.learner import Learner
from learner.probes.gradients import cosines, magnitude_similarity, norm_shares
from learner.probes.read import read_probes
from learner.probes.similarity import cka_matrix, linear_cka
from learner.probes.units import dormant_share, effective_rank
from network.build import Architecture, build_network
from tests.support.builders import make_spec
from tests.support.learning_builders import make_batch, make_rule

SPECS = [
    make_spec("a", (3,)),
    make_spec("b", (5,), num_actions=3),
    make_spec("c", (3,), num_actions=4),
    make_spec("d", (3,)),
]
"""In another order than the network's rows: `a` and `d` go through as one."""

WAYS = [
    Architecture((8, 8, 6), sharing="hard"),
    Architecture((8, 8, 6), sharing="hard", conditioning="film"),
    Architecture((8, 8, 6), sharing="cross_stitch"),
    Architecture((8, 8, 6), sharing="moe", experts=2),
]


def features_of(draw: st.DrawFn, rows: int, width: int) -> Tensor:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return torch.tensor(rng.normal(size=(rows, width)) + rng.normal(size=width))


@st.composite
def two_features(draw: st.DrawFn) -> tuple[Tensor, Tensor]:
    """Draw features of the same rows, of two widths."""
    rows = draw(st.integers(2, 12))
    first, second = (features_of(draw, rows, draw(st.integers(1, 6))) for _ in range(2))
    return first, second


def hsic(first_NF: Tensor, second_NG: Tensor) -> float:
    """Kornblith et al. 2019, eq. 3, with the centring matrix written out."""
    rows = len(first_NF)
    centring = np.eye(rows) - np.ones((rows, rows)) / rows
    first, second = first_NF.numpy(), second_NG.numpy()
    return float(np.trace(first @ first.T @ centring @ second @ second.T @ centring)) / (rows - 1) ** 2


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.sharing}-{way.conditioning}")
def test_gradients_are_those_of_one_backward_pass_a_task(way: Architecture):
    """Cosines, similarity of lengths and shares, in the order of the configuration, over ways of sharing."""
    network = build_network(SPECS, way, seed=2)
    learner = Learner(network, torch.optim.Adam(network.parameters()), make_rule([1.0] * 4))
    batches = [make_batch(spec, 5, np.random.default_rng(i)) for i, spec in enumerate(SPECS)]
    reading = read_probes(learner, batches)
    loss_T = learner.objective.losses(batches, learner.objective.targets(batches)).loss_T
    shared = list(network.shared().values())
    alone = [torch.autograd.grad(loss, shared, retain_graph=True) for loss in loss_T]
    flat = [torch.cat([part.flatten() for part in gradient]).numpy() for gradient in alone]
    lengths = [float(np.linalg.norm(gradient)) for gradient in flat]
    assert reading.tasks == ["a", "b", "c", "d"]
    for i, own in enumerate(flat):
        assert reading.gradient_share[i] == pytest.approx(lengths[i] / sum(lengths), rel=1e-4)
        for j, other in enumerate(flat):
            product = lengths[i] * lengths[j]
            assert reading.gradient_cosine[i][j] == pytest.approx(own @ other / product, abs=1e-5)
            similarity = 2 * product / (lengths[i] ** 2 + lengths[j] ** 2)
            assert reading.magnitude_similarity[i][j] == pytest.approx(similarity, rel=1e-4)


@pytest.mark.parametrize("sharing", ["separate", "cross_stitch", "moe"])
def test_cka_in_a_reading_is_that_of_the_tasks_own_trunks(sharing):
    """Every task's trunk alone is given the same rows of all encoders."""
    network = build_network(SPECS, Architecture((8, 8, 6), sharing=sharing, experts=2), seed=2)
    learner = Learner(network, torch.optim.Adam(network.parameters()), make_rule([1.0] * 4))
    batches = [make_batch(spec, 20, np.random.default_rng(i)) for i, spec in enumerate(SPECS)]
    with torch.no_grad():
        rows_NF = network.encoded([batch.obs_BO for batch in batches])
        features = [network.trunk.of_task(network.groups.ranks[i])(rows_NF, [80]) for i in range(4)]
    expected = [[linear_cka(own, other).item() for other in features] for own in features]
    found = read_probes(learner, batches).feature_cka
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.asarray(found)[~np.eye(4, dtype=bool)].max() < 0.999


@given(two_features())
def test_cka_is_what_the_definition_says(features: tuple[Tensor, Tensor]):
    """HSIC of both over the root of the product of each one's own."""
    first_NF, second_NG = features
    scale = np.sqrt(hsic(first_NF, first_NF) * hsic(second_NG, second_NG))
    assert linear_cka(first_NF, second_NG).item() == pytest.approx(
        hsic(first_NF, second_NG) / scale, rel=1e-6
    )


@given(two_features(), st.floats(0.01, 100), st.integers(0, 1000))
def test_cka_does_not_see_rotation_scale_or_offset(features: tuple[Tensor, Tensor], scale: float, seed: int):
    """A random orthogonal matrix, one factor for all features, and a shift."""
    first_NF, second_NG = features
    width = second_NG.shape[1]
    rotation = torch.linalg.qr(torch.randn(width, width, generator=torch.Generator().manual_seed(seed)))[0]
    moved_NG = scale * second_NG @ rotation.double() + 3.0
    expected = linear_cka(first_NF, second_NG).item()
    assert linear_cka(first_NF, moved_NG).item() == pytest.approx(expected, rel=1e-6)


@given(two_features())
def test_a_matrix_of_ckas_is_symmetric_with_ones(features: tuple[Tensor, Tensor]):
    """Each pair is the alignment of two, each set is like itself."""
    first_NF = features[0]
    cka_KK = cka_matrix(torch.stack([first_NF, first_NF.square(), -first_NF]))
    assert cka_KK[0, 1].item() == pytest.approx(linear_cka(first_NF, first_NF.square()).item(), rel=1e-6)
    torch.testing.assert_close(cka_KK, cka_KK.T)
    torch.testing.assert_close(cka_KK.diagonal(), torch.ones(3, dtype=torch.float64))
    assert cka_KK[0, 2].item() == pytest.approx(1.0)


@given(st.integers(1, 5), st.integers(1, 6), st.integers(0, 1000))
def test_gradient_measures_keep_their_ranges(tasks: int, width: int, seed: int):
    """Cosines lie in [-1, 1], similarities in [0, 1] with ones on the diagonal, shares add up to one."""
    gradient_TP = torch.randn(tasks, width, generator=torch.Generator().manual_seed(seed))
    cosine_TT, similarity_TT = cosines(gradient_TP), magnitude_similarity(gradient_TP)
    assert cosine_TT.abs().max() <= 1.0
    assert 0 <= similarity_TT.min() <= similarity_TT.max() <= 1 + 1e-6
    torch.testing.assert_close(similarity_TT.diagonal(), torch.ones(tasks))
    assert norm_shares(gradient_TP).sum().item() == pytest.approx(1.0)


@given(st.integers(1, 12), st.integers(1, 8), st.integers(0, 1000), st.sampled_from([0.0, 0.01, 0.3]))
def test_rank_and_dormancy_beside_loops(rows: int, width: int, seed: int, rest: float):
    """Singular values added up one by one, units looked at one by one."""
    generator = torch.Generator().manual_seed(seed)
    scale_F = torch.rand(width, generator=generator) ** 6
    features_NF = torch.randn(rows, width, generator=generator).relu() * scale_F
    values = np.linalg.svd(features_NF.double().numpy(), compute_uv=False)
    if values.sum() > 0 and rest > 0:
        rank = next(k for k in range(1, len(values) + 1) if values[:k].sum() >= (1 - rest) * values.sum())
        assert effective_rank(features_NF, rest) == rank
    means = [sum(abs(x) for x in unit) / rows for unit in features_NF.T.tolist()]
    silent = [mean <= 0.025 * sum(means) / width for mean in means]
    assert dormant_share(features_NF).item() == pytest.approx(sum(silent) / width)
