"""Networks of every way of sharing, over vectors and over images, with observations for them."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from network.build import Architecture, build_network
from network.multi_task import MultiTaskNetwork
from tasks.spec import TaskSpec
from tests.support.builders import make_spec

FLAT = Architecture((8, 7, 6))
WAYS = {
    "hard": FLAT,
    "embedding": replace(FLAT, conditioning="embedding"),
    "film": replace(FLAT, conditioning="film", dueling=True),
    "separate": replace(FLAT, sharing="separate"),
    "l2": replace(FLAT, sharing="l2", pull=0.1),
    "cross_stitch": replace(FLAT, sharing="cross_stitch"),
    "moe": replace(FLAT, sharing="moe", experts=3, dueling=True),
    "orthogonal": replace(FLAT, sharing="moe", experts=3, orthogonal_experts=True),
}
"""Every way of sharing, small."""

VECTORS = [
    make_spec("a", (4,)),
    make_spec("b", (2, 3), num_actions=5, observation_dtype="uint8"),
    make_spec("twin", (4,), observation_scale=(1.0, 2.0, 3.0, 4.0)),
    make_spec("c", (4,), num_actions=3),
]
IMAGES = [
    make_spec("four", (10, 10, 4), observation_dtype="uint8"),
    make_spec("six", (10, 10, 6), num_actions=3, observation_dtype="uint8"),
    make_spec("stacked", (2, 10, 10), observation_dtype="uint8", frame_stack=2),
    make_spec("twin", (10, 10, 4), observation_dtype="uint8"),
]

CASES = {
    **{name: (way, VECTORS) for name, way in WAYS.items()},
    "images": (WAYS["hard"], IMAGES),
    **{
        f"{name} of convolutions": (replace(way, trunk_convolutions=(3, 2)), IMAGES)
        for name, way in WAYS.items()
    },
}
"""Architectures and tasks for it, by what they are called."""


def make_network(architecture: Architecture, specs: Sequence[TaskSpec], seed: int = 1) -> MultiTaskNetwork:
    """Return a network without a parameter that is zero or one because it has just been built."""
    network = build_network(specs, architecture, seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.2 * torch.randn(parameter.shape, generator=generator))
    return network


def make_observations(specs: Sequence[TaskSpec], sizes: Sequence[int], seed: int = 0) -> list[Tensor]:
    """Return random observations, one batch a task."""
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.randint(0, 256, (size, *spec.observation_shape), dtype=torch.uint8, generator=generator)
        if spec.frame_dtype == "uint8"
        else torch.randn(size, *spec.observation_shape, generator=generator)
        for spec, size in zip(specs, sizes, strict=True)
    ]
