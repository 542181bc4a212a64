"""Networks that no memory holds are refused by arithmetic, before any of them is built."""

import pytest

from config.architecture import architecture
from config.network_memory import BYTES_PER_PARAMETER, network_memory_mistakes
from network.least_size import least_size
from network.sizes import network_sizes
from tasks.observation import ObservationLayout, Part
from tasks.spec import TaskSpec
from tests.support.builders import make_spec
from tests.support.learning_builders import tiny_config

POLE = make_spec("pole", (4,))
CART = make_spec("cart", (6,))
IMAGE = make_spec("image", (10, 10, 4), observation_dtype="uint8")
LARGE_IMAGE = make_spec("large", (4, 84, 84), observation_dtype="uint8", frame_stack=4)
MANY = make_spec("many", (4,), num_actions=10**9)
NAMES = make_spec(
    "names",
    layout=ObservationLayout(
        (
            Part("image", "numbers", (10, 10, 4), "uint8"),
            Part("names", "indices", (2,), "int32", sizes=(100, 400)),
        )
    ),
)
PARTS = make_spec(
    "parts", layout=ObservationLayout((*NAMES.layout.parts, Part("words", "words", (9,), "int32")))
)
GIB = 2**30


def found(specs: list[TaskSpec], *overrides: str, machine_bytes: int = 64 * GIB) -> list[str]:
    config = tiny_config(*(f"network.{override}" for override in overrides))
    return network_memory_mistakes(config, specs, machine_bytes)


@pytest.mark.parametrize(
    ("specs", "overrides", "start"),
    [
        (
            [POLE],
            ["trunk=[1000000,1000000]"],
            "network.trunk: [1000000, 1000000] is not allowed: the network",
        ),
        ([POLE], ["trunk=[1000000000000]"], "network.trunk: [1000000000000] is"),
        ([POLE], ["encoder_width=1000000000000"], "network.encoder_width: 1000000000000 is not"),
        ([POLE, MANY], [], "tasks.many.env: "),
        ([POLE, CART], ["sharing=separate", "trunk=[50000,50000]"], "network.trunk: [50000, 50000] is"),
        ([IMAGE], ["trunk_convolutions=[1000000,1000000]"], "network.trunk_convolutions and "),
    ],
)
def test_a_network_larger_than_memory_names_its_largest_part(
    specs: list[TaskSpec], overrides: list[str], start: str
):
    """With the memory that it would take, and what there is."""
    (sentence,) = found(specs, *overrides)
    assert sentence.startswith(start)
    assert sentence.endswith("more than this machine has, 64 GiB; it should be smaller")


@pytest.mark.parametrize(
    ("specs", "overrides"),
    [
        ([POLE, CART], []),
        ([POLE, CART], ["sharing=separate"]),
        ([POLE, CART], ["sharing=l2"]),
        ([POLE, CART], ["sharing=cross_stitch"]),
        ([POLE, CART], ["sharing=moe", "experts=3"]),
        ([POLE, CART], ["sharing=moe", "match=parameters"]),
        ([IMAGE], ["encoder=conv"]),
        ([LARGE_IMAGE], []),
        ([LARGE_IMAGE], ["trunk_convolutions=[64,64]"]),
        ([POLE, POLE], ["tied_ends=true"]),
        ([NAMES, POLE], []),
    ],
)
def test_the_least_size_is_close_to_the_size(specs: list[TaskSpec], overrides: list[str]):
    """It leaves out biases, norms and small parts, and adds nothing; matched sizes come close."""
    widths = ["encoder_width=512", "trunk=[512,512]"]
    config = tiny_config(*(f"network.{override}" for override in [*widths, *overrides]))
    least = least_size(specs, architecture(config)).total
    _, parameters = network_sizes(specs, architecture(config))
    assert 0.9 * parameters < least < 1.02 * parameters
    assert found(specs, *widths, *overrides, machine_bytes=least * BYTES_PER_PARAMETER) == []
    assert found(specs, *widths, *overrides, machine_bytes=least * BYTES_PER_PARAMETER - 1) != []


@pytest.mark.parametrize("sharing", ["hard", "moe"])
def test_a_large_network_is_measured_without_memory(monkeypatch: pytest.MonkeyPatch, sharing: str):
    """To the parameter."""
    config = tiny_config(f"network.sharing={sharing}")
    built = network_sizes([POLE, CART], architecture(config))
    monkeypatch.setattr("network.sizes.QUICKLY_BUILT", 0)
    assert network_sizes([POLE, CART], architecture(config)) == built


@pytest.mark.parametrize("overrides", [[], ["network.tied_ends=true"]])
def test_an_encoder_is_as_large_as_those_of_its_parts(overrides: list[str]):
    """A number a weight: those of the image, of the names, and of the words with their two tables."""
    config = tiny_config("network.encoder_width=8", *overrides)
    ((size,), _) = network_sizes([PARTS], architecture(config))
    image, names, words = size.parts.values()
    assert image == 16 * 4 * 9 + 16 + (16 * 64 + 1) * 8
    assert names == (500 + 1) * 8
    assert words == 2 * 1024 * 32 + (3 * 32 + 1) * 64 + (64 + 1) * 8
    assert size.parameters == image + names + words
    assert [seen.part.name for seen in size.convolved] == ["image"]


def test_a_network_of_gigabytes_is_measured():
    """It would take 40 GB to build."""
    config = tiny_config("network.trunk=[100000,100000]")
    assert network_sizes([POLE], architecture(config))[1] > 10**10
