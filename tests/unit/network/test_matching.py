"""Networks of equal size: what is counted, and how close the widths come."""

from dataclasses import replace

import pytest
import torch

from network.build import Architecture, build_network
from network.choices import Match
from network.matching import closest_scale, multiply_adds, parameters
from tests.support.builders import make_spec
from tests.support.networks import IMAGES, WAYS, make_observations

SPECS = [make_spec(f"t{i}", (4,)) for i in range(3)]
OBSERVATION, WIDTHS, ACTIONS, TASKS = 4, (8, 7, 6), 2, 3
OWN = OBSERVATION * 8 + 6 * ACTIONS
"""Multiplications of a row in its encoder and linear head."""
TRUNK = 8 * 7 + 7 * 6
STITCHES = TASKS * (7 + 6)
"""A weight a column for each of a column's features after each layer."""
BY_HAND = {
    "hard": TASKS * (OWN + TRUNK),
    "embedding": TASKS * (OWN + TRUNK + 32 * 7),
    "separate": TASKS * (OWN + TRUNK),
    "l2": TASKS * (OWN + TRUNK),
    "cross_stitch": TASKS * (OWN + TASKS * (TRUNK + STITCHES)),
    "orthogonal": TASKS * (OWN + 3 * TRUNK + 8 * 3 + 3 * 6),
}


@pytest.mark.parametrize(("name", "expected"), BY_HAND.items())
def test_multiplications_are_those_of_a_count_by_hand(name: str, expected: int):
    """Of one row a task."""
    network = build_network(SPECS, WAYS[name], seed=1)
    assert multiply_adds(network, make_observations(SPECS, [1] * TASKS)) == expected


def test_multiplications_of_convolutions_are_counted():
    """16 filters of 3 x 3 over 4 channels at 8 x 8 places, and a linear layer after them."""
    spec, plain = make_spec("t", (10, 10, 4), observation_dtype="uint8"), Architecture((5, 3))
    network = build_network([spec], plain, seed=1)
    expected = 16 * 4 * 9 * 64 + 16 * 64 * 5 + 5 * 3 + 3 * 2
    assert multiply_adds(network, make_observations([spec], [1])) == expected


@pytest.mark.parametrize(
    ("name", "convolutions"),
    [*((name, ()) for name in WAYS), ("separate", (32,)), ("cross_stitch", (32,)), ("moe", (32,))],
)
@pytest.mark.parametrize("match", ["parameters", "compute"])
def test_matched_networks_are_as_large_as_the_hard_one(
    name: str, match: Match, convolutions: tuple[int, ...]
):
    """Within four in a hundred: widths are whole numbers."""
    specs = IMAGES if convolutions else SPECS
    wide = replace(WAYS[name], widths=(64, 128, 128), dueling=False, trunk_convolutions=convolutions)
    hard = replace(wide, sharing="hard", conditioning="none")
    measure = parameters if match == "parameters" else multiply_adds
    observations = make_observations(specs, [1] * len(specs))
    found, expected = (
        measure(build_network(specs, architecture, seed=1), observations)
        for architecture in (replace(wide, match=match), hard)
    )
    assert found == pytest.approx(expected, rel=0.04)


@pytest.mark.parametrize("wanted", [1, 10, 99, 12_345])
def test_the_scale_is_the_closest_there_is(wanted: int):
    """No whole width squares to something closer."""
    scale = closest_scale(lambda s: round(10 * s) ** 2, wanted)
    width = round(10 * scale)
    assert abs(width**2 - wanted) == min(abs(other**2 - wanted) for other in range(1, 200))


def test_matching_takes_no_random_numbers():
    """A network matched to its own size is the one without matching, bit for bit."""
    plain, matched = (
        build_network(SPECS, replace(WAYS["hard"], match=match), seed=1) for match in ("width", "parameters")
    )
    assert all(map(torch.equal, plain.parameters(), matched.parameters()))
