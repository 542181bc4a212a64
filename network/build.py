"""From settings to a network: the one place that knows which ways of sharing there are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from network.choices import Conditioning, EncoderKind, Match, Sharing
from network.cross_stitch import CrossStitchTrunk
from network.encoder import VectorEncoder
from network.experts import ExpertsTrunk
from network.groups import TaskGroups
from network.hard import HardTrunk
from network.image_encoder import ImageEncoder
from network.images import Width, convolves, trunk_maps
from network.index_encoder import IndexEncoder
from network.matching import closest_scale, multiply_adds, parameters
from network.multi_task import Encoder, MultiTaskNetwork
from network.output import Output, Values
from network.part_encoder import PartEncoder
from network.parts_encoder import PartsEncoder
from network.seen import Seen, seen_parts
from network.separate import SeparateTrunk
from network.trunk import Trunk
from network.words_encoder import WordsEncoder
from tasks.observation import PartKind
from tasks.spec import TaskSpec


@dataclass(frozen=True)
class Architecture:
    """What a network is made of, in the words of the configuration.

    Attributes:
        widths: input width of the trunk and the width of each of its layers.
        encoder: whether encoders convolve.
        trunk_convolutions: numbers of filters of the convolutions that the trunk begins with, after a first
            one in each encoder, if there are any; they take the place of the input width.
        sharing: how tasks share the trunk.
        dueling: dueling heads in place of linear ones.
        conditioning: what a `hard` trunk is told of the task.
        pull: of `l2`, on the trunks towards their mean.
        experts: of `moe`.
        orthogonal_experts: whether experts are made orthonormal before they are mixed.
        output: makes what the heads say of an action.
        tied_ends: one encoder and one head for all tasks, which have to look and act alike.
        match: what is the same as in the `hard` network of these widths.
    """

    widths: tuple[int, ...]
    encoder: EncoderKind = "auto"
    trunk_convolutions: tuple[int, ...] = ()
    sharing: Sharing = "hard"
    dueling: bool = False
    conditioning: Conditioning = "none"
    pull: float = 0.0
    experts: int = 4
    orthogonal_experts: bool = False
    output: Callable[[], Output] = Values
    tied_ends: bool = False
    match: Match = "width"


_TRUNKS: dict[Sharing, Callable[[list[str], list[Width], Architecture], Trunk]] = {
    "hard": lambda names, widths, a: HardTrunk.initialised(names, widths, a.conditioning),
    "separate": lambda names, widths, _: SeparateTrunk.initialised(names, widths),
    "l2": lambda names, widths, a: SeparateTrunk.initialised(names, widths, a.pull),
    "cross_stitch": lambda names, widths, _: CrossStitchTrunk.initialised(names, widths),
    "moe": lambda names, widths, a: ExpertsTrunk.initialised(names, widths, a.experts, a.orthogonal_experts),
}


ENCODERS: dict[PartKind, Any] = {
    "numbers": VectorEncoder,
    "indices": IndexEncoder,
    "words": WordsEncoder,
}
"""The encoder of each kind of part that a network takes in; images have one of convolutions."""


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


def _network(specs: Sequence[TaskSpec], architecture: Architecture) -> MultiTaskNetwork:
    names = [spec.name for spec in TaskGroups(specs).arranged(specs)]
    widths: list[Width] = list(architecture.widths)
    if architecture.trunk_convolutions:
        widths[:1] = trunk_maps(specs, architecture.trunk_convolutions)
    trunk = _TRUNKS[architecture.sharing](names, widths, architecture)
    return MultiTaskNetwork(
        specs,
        trunk,
        partial(_encoder, architecture),
        architecture.widths[-1],
        architecture.dueling,
        architecture.output(),
        architecture.tied_ends,
    )


def _encoder(architecture: Architecture, alike: Sequence[TaskSpec]) -> Encoder:
    parts = list(zip(*map(seen_parts, alike), strict=True))
    encoders: list[PartEncoder] = (
        [ImageEncoder.initialised(part, None) for part in parts]
        if architecture.trunk_convolutions
        else [_part_encoder(architecture.encoder, part, architecture.widths[0]) for part in parts]
    )
    layout = alike[0].layout
    return encoders[0] if len(layout.parts) == 1 else PartsEncoder(layout, encoders)


def _part_encoder(kind: EncoderKind, alike: Sequence[Seen], width: int) -> PartEncoder:
    if convolves(kind, alike[0]):
        return ImageEncoder.initialised(alike, width)
    made: PartEncoder = ENCODERS[alike[0].part.kind].initialised(alike, width)
    return made


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
            for given in (architecture.widths, architecture.trunk_convolutions)
        )
        return replace(architecture, widths=widths, trunk_convolutions=convolutions)

    hard = replace(architecture, sharing="hard", conditioning="none", tied_ends=False)
    return scaled(closest_scale(lambda scale: size(scaled(scale)), size(hard)))


def _one_each(specs: Sequence[TaskSpec]) -> list[Tensor]:
    """Return one observation a task, without values."""
    return [
        torch.empty(1, *spec.observation_shape, dtype=getattr(torch, spec.frame_dtype), device="meta")
        for spec in specs
    ]
