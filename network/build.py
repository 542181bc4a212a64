"""From settings to a network: the one place that knows which ways of sharing there are."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import torch
from torch import Tensor

from network.cross_stitch import CrossStitchTrunk
from network.encoder import VectorEncoder
from network.experts import ExpertsTrunk
from network.groups import TaskGroups
from network.hard import Conditioning, HardTrunk
from network.image_encoder import ImageEncoder
from network.images import Width, is_image, trunk_maps
from network.matching import closest_scale, multiply_adds, parameters
from network.multi_task import Encoder, MultiTaskNetwork
from network.separate import SeparateTrunk
from network.trunk import Trunk
from tasks.spec import TaskSpec

Sharing = Literal["hard", "separate", "l2", "cross_stitch", "moe"]
Encoding = Literal["auto", "mlp", "conv"]
Match = Literal["width", "parameters", "compute"]


@dataclass(frozen=True)
class Architecture:
    """What a network is made of.

    Attributes:
        widths: input width of the trunk and the width of each of its layers.
        encoding: whether encoders convolve; `auto` where observations are images.
        convolutions: numbers of filters of the convolutions that the trunk begins with, after a first one in
            each encoder, if there are any; they take the place of the input width.
        sharing: how tasks share the trunk.
        dueling: dueling heads in place of linear ones.
        conditioning: what `hard` tells the trunk of the task.
        pull: of `l2`, on the trunks towards their mean.
        experts: of `moe`.
        orthogonal: whether experts are made orthonormal before they are mixed.
        bins: of categorical heads; None for heads that say values.
        tied: one encoder and one head for all tasks, which have to look and act alike.
        match: what is the same as in the `hard` network of these widths: the widths themselves, or, with all
            widths scaled alike, the number of parameters or of multiplications.
    """

    widths: tuple[int, ...]
    encoding: Encoding = "auto"
    convolutions: tuple[int, ...] = ()
    sharing: Sharing = "hard"
    dueling: bool = False
    conditioning: Conditioning = "none"
    pull: float = 0.0
    experts: int = 4
    orthogonal: bool = False
    bins: int | None = None
    tied: bool = False
    match: Match = "width"


_TRUNKS: dict[Sharing, Callable[[list[str], list[Width], Architecture], Trunk]] = {
    "hard": lambda names, widths, a: HardTrunk.initialised(names, widths, a.conditioning),
    "separate": lambda names, widths, _: SeparateTrunk.initialised(names, widths),
    "l2": lambda names, widths, a: SeparateTrunk.initialised(names, widths, a.pull),
    "cross_stitch": lambda names, widths, _: CrossStitchTrunk.initialised(names, widths),
    "moe": lambda names, widths, a: ExpertsTrunk.initialised(names, widths, a.experts, a.orthogonal),
}


def build_network(specs: Sequence[TaskSpec], architecture: Architecture, seed: int) -> MultiTaskNetwork:
    """Return a freshly initialised network, the same for the same seed, leaving torch's RNG on the CPU alone.

    Args:
        specs: the tasks, in the order in which the network takes their observations.
        architecture: what to build.
        seed: of the initial parameters.

    Raises:
        ValueError: convolutions are asked for that the tasks' observations do not allow.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _network(specs, _matched(specs, architecture))


@dataclass(frozen=True)
class EncoderSize:
    """What a network does with one task's observations.

    Attributes:
        convolves: whether it sees them as images.
        inputs: numbers in one observation.
        parameters: of the encoder.
    """

    convolves: bool
    inputs: int
    parameters: int


def network_sizes(specs: Sequence[TaskSpec], architecture: Architecture) -> tuple[list[EncoderSize], int]:
    """Return the size of each task's encoder, and the parameters of the whole network.

    The network is built for it: on the device `meta`, without memory, torch takes seconds to begin.

    Raises:
        ValueError: convolutions are asked for that the tasks' observations do not allow.
    """
    network = build_network(specs, architecture, seed=0)
    sizes = []
    for spec in specs:
        (encoder,) = network.encoder_of(spec.name).values()
        parameters = sum(parameter.numel() for parameter in encoder.parameters())
        convolves = any(isinstance(part, ImageEncoder) for part in encoder.modules())
        sizes.append(EncoderSize(convolves, math.prod(spec.observation_shape), parameters))
    return sizes, sum(parameter.numel() for parameter in network.parameters())


def _network(specs: Sequence[TaskSpec], architecture: Architecture) -> MultiTaskNetwork:
    names = [spec.name for spec in TaskGroups(specs).arranged(specs)]
    widths: list[Width] = list(architecture.widths)
    if architecture.convolutions:
        widths[:1] = trunk_maps(specs, architecture.convolutions)
    trunk = _TRUNKS[architecture.sharing](names, widths, architecture)
    return MultiTaskNetwork(
        specs,
        trunk,
        partial(_encoder, architecture),
        architecture.widths[-1],
        architecture.dueling,
        architecture.bins,
        architecture.tied,
    )


def _encoder(architecture: Architecture, alike: Sequence[TaskSpec]) -> Encoder:
    if architecture.convolutions:
        return ImageEncoder.initialised(alike, None)
    encoding = architecture.encoding
    if encoding == "conv" or (encoding == "auto" and is_image(alike[0])):
        return ImageEncoder.initialised(alike, architecture.widths[0])
    return VectorEncoder.initialised(alike, architecture.widths[0])


def _matched(specs: Sequence[TaskSpec], architecture: Architecture) -> Architecture:
    """Return the architecture with its widths scaled as `match` asks."""
    if architecture.match == "width":
        return architecture
    measure = parameters if architecture.match == "parameters" else multiply_adds

    def size(candidate: Architecture) -> int:
        with torch.device("meta"):
            return measure(_network(specs, candidate), _one_each(specs))

    def scaled(scale: float) -> Architecture:
        widths, convolutions = (
            tuple(max(1, round(width * scale)) for width in given)
            for given in (architecture.widths, architecture.convolutions)
        )
        return replace(architecture, widths=widths, convolutions=convolutions)

    hard = replace(architecture, sharing="hard", conditioning="none", tied=False)
    return scaled(closest_scale(lambda scale: size(scaled(scale)), size(hard)))


def _one_each(specs: Sequence[TaskSpec]) -> list[Tensor]:
    """Return one observation a task, without values."""
    return [torch.empty(1, *spec.observation_shape, device="meta") for spec in specs]
