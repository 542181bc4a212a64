"""Images: which observations are some, how convolutions lie over them, what encoders compute."""

import numpy as np
import pytest
import torch
from torch import nn

from network.build import Architecture, build_network
from network.choices import EncoderKind
from network.encoder import VectorEncoder
from network.image_encoder import ImageEncoder
from network.images import Filters, Maps, is_image, observed_maps, trunk_maps
from network.parts_encoder import PartsEncoder
from network.seen import seen_parts
from tasks.observation import ObservationLayout, Part
from tasks.spec import TaskSpec
from tests.support.builders import make_spec
from tests.support.networks import IMAGES, make_observations


def image(*shape: int, stack: int = 1, name: str = "t") -> TaskSpec:
    return make_spec(name, shape, observation_dtype="uint8", frame_stack=stack)


@pytest.mark.parametrize(
    ("spec", "maps", "counts"),
    [
        (image(10, 10, 4), Maps(4, 10, 10), True),
        (image(10, 10, 10), Maps(10, 10, 10), True),
        (image(4, 84, 84), Maps(4, 84, 84), True),
        (image(4, 84, 84, stack=4), Maps(4, 84, 84), True),
        (image(9, 8, 8, stack=9), Maps(9, 8, 8), True),
        (image(3, 10, 12, 4, stack=3), Maps(12, 10, 12), True),
        (image(2, 4, 10, 12, stack=2), Maps(8, 10, 12), True),
        (image(10, 5), Maps(1, 10, 5), False),
        (image(20, 20), Maps(1, 20, 20), False),
        (image(7, 7, 3), Maps(3, 7, 7), True),
        (image(6, 7, 3), Maps(3, 6, 7), False),
        (image(5, 6, 3), Maps(3, 5, 6), False),
        (image(2, 10, 5, stack=2), Maps(2, 10, 5), False),
        (image(4), None, False),
        (image(3, 4, stack=3), None, False),
        (image(9, 9, 9, 9, 9), None, False),
    ],
    ids=lambda value: str(value.observation_shape) if isinstance(value, TaskSpec) else "",
)
def test_what_counts_as_an_image(spec: TaskSpec, maps: Maps | None, counts: bool):
    """Channels are the smaller of the outer sides; stacked frames are channels; small sides do not count."""
    (seen,) = seen_parts(spec)
    assert observed_maps(seen) == maps
    assert is_image(seen) is counts


@pytest.mark.parametrize(
    ("encoder", "shape", "convolves"),
    [
        ("auto", (10, 10, 4), True),
        ("auto", (5, 6, 3), False),
        ("mlp", (10, 10, 4), False),
        ("conv", (5, 6, 3), True),
        ("conv", (10, 5), True),
    ],
)
def test_which_encoder_a_task_gets(encoder: EncoderKind, shape: tuple[int, ...], convolves: bool):
    """By its observations, or as it is told."""
    network = build_network([image(*shape)], Architecture((8, 8), encoder=encoder), seed=1)
    assert isinstance(network.encoders["task:t"], ImageEncoder) is convolves


@pytest.mark.parametrize(
    ("spec", "filters"),
    [(image(10, 10, 4), [(16, 3, 1)]), (image(4, 84, 84, stack=4), [(32, 8, 4), (64, 4, 2), (64, 3, 1)])],
    ids=["MinAtar", "Atari"],
)
def test_an_encoder_is_the_published_one(spec: TaskSpec, filters: list[tuple[int, int, int]]):
    """The same values as `nn.Conv2d` one after another, ReLU after each, and a linear layer."""
    encoder = ImageEncoder.initialised(seen_parts(spec), 7)
    (obs,) = make_observations([spec], [2])
    x = (obs.permute(0, 3, 1, 2) if spec.frame_stack == 1 else obs) / 255.0
    for (count, side, stride), ours in zip(filters, encoder.convolutions, strict=True):
        theirs = nn.Conv2d(x.shape[1], count, side, stride)
        theirs.load_state_dict(ours.state_dict())
        x = theirs(x).relu()
    linear = nn.Linear(x[0].numel(), 7)
    assert encoder.linear is not None
    linear.load_state_dict(encoder.linear.state_dict())
    torch.testing.assert_close(encoder([obs]), linear(x.flatten(1)), rtol=1e-4, atol=1e-5)


def test_stacked_frames_with_channels_lie_one_after_another():
    """Two frames of (8, 9, 3) are six maps: the first frame's, then the second's."""
    stacked, flat = image(2, 8, 9, 3, stack=2), image(6, 8, 9, stack=6)
    ours, plain = (ImageEncoder.initialised(seen_parts(spec), 5) for spec in (stacked, flat))
    plain.load_state_dict(ours.state_dict())
    (obs,) = make_observations([stacked], [3])
    frames = [obs[:, i].permute(0, 3, 1, 2) for i in range(2)]
    torch.testing.assert_close(ours([obs]), plain([torch.cat(frames, dim=1)]))


def test_filters_start_as_those_of_torch_do():
    """Uniform within 1 / sqrt(fan in), for each task."""
    encoder = ImageEncoder.initialised([*seen_parts(IMAGES[0]), *seen_parts(IMAGES[3])], 7)
    for own in encoder.convolutions[0].weight.detach().chunk(2):
        assert 0.95 / 6 < float(own.abs().max()) <= 1 / 6
        assert float(own.std()) == pytest.approx(1 / 6 / 3**0.5, rel=0.1)


def test_a_trunk_of_two_convolutions_over_large_images_is_the_published_one():
    """20 x 20, 9 x 9 and 7 x 7, as 84 x 84 become through 8/4, 4/2 and 3/1."""
    entry, *others = trunk_maps([image(4, 84, 84, stack=4)], [64, 64])
    assert entry == Maps(32, 20, 20, Filters(32, 8, 4))
    assert others == [Maps(64, 9, 9, Filters(64, 4, 2)), Maps(64, 7, 7, Filters(64, 3))]


def test_convolutions_of_the_trunk_are_shared_between_games_of_different_channels():
    """Each game has a first convolution of its own; all other filters are one set, under hard sharing."""
    network = build_network(IMAGES, Architecture((8, 6), trunk_convolutions=(3, 2)), seed=1)
    shared = {name: tuple(p.shape) for name, p in network.shared().items() if p.dim() == 4}
    assert shared == {"mlp.blocks.0.linear.weight": (3, 16, 3, 3), "mlp.blocks.1.linear.weight": (2, 3, 3, 3)}


def image_and(name: str, *others: Part) -> TaskSpec:
    """Return a task with an image of 10 x 10 beside other parts, and three actions."""
    picture = Part("image", "numbers", (10, 10, 4), "uint8", scale=(255.0,))
    return make_spec(name, layout=ObservationLayout((picture, *others)), num_actions=3)


def test_a_trunk_of_convolutions_takes_the_image_beside_a_mask():
    """The mask is no input: what heads say is what they say of the image alone."""
    masked = image_and("t", Part("mask", "mask", (3,), "uint8"))
    alone = make_spec("t", (10, 10, 4), num_actions=3, observation_dtype="uint8")
    architecture = Architecture((8, 6), trunk_convolutions=(3,))
    (obs,) = make_observations([alone], [5])
    frames = np.zeros((5, *masked.frame_shape), np.uint8)
    image_BHWC, mask_BA = masked.layout.parts_of(frames)
    image_BHWC[:], mask_BA[:] = obs.numpy(), (1, 0, 1)
    (ours,) = build_network([masked], architecture, seed=1)([torch.from_numpy(frames)])
    (plain,) = build_network([alone], architecture, seed=1)([obs])
    assert ours[:, 1].tolist() == [-torch.inf] * 5
    assert torch.equal(ours[:, [0, 2]], plain[:, [0, 2]])


def test_conv_convolves_the_parts_that_filters_fit_into():
    """Others go through one linear layer, also if they are boards."""
    spec = image_and("t", Part("arm", "numbers", (2, 2), "float32"))
    (encoder,) = build_network([spec], Architecture((8, 8), encoder="conv"), seed=1).encoders.values()
    assert isinstance(encoder, PartsEncoder)
    assert [type(part) for part in encoder.parts] == [ImageEncoder, VectorEncoder]


@pytest.mark.parametrize(
    ("specs", "counts", "sentence"),
    [
        ([image(10, 10, 4), make_spec("v", (4,))], [8], "observations of task 'v' are no images"),
        (
            [image(10, 10, 4), image(12, 10, 4, name="tall")],
            [8],
            "images of task 'tall' are 12 x 10, those of 't' 10 x 10",
        ),
        ([image(8, 8, 4)], [8, 8, 8], "filters of 3 x 3 do not fit into maps of 2 x 2"),
    ],
)
def test_tasks_that_no_common_convolution_fits_are_refused(
    specs: list[TaskSpec], counts: list[int], sentence: str
):
    """With a sentence that says which, and why."""
    with pytest.raises(ValueError, match=sentence):
        trunk_maps(specs, counts)
