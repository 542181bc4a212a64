"""How large a network is at least, by arithmetic alone: nothing is allocated, however wide it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod

from network.build import Architecture
from network.images import Maps, Width, channels, convolves, features, observed_maps, stem, trunk_maps
from network.seen import Seen, seen_parts
from network.words_encoder import FILTERS
from tasks.spec import TaskSpec


@dataclass(frozen=True)
class LeastSize:
    """Weights of a network's linear layers and of its trunk's convolutions: all but a small part of it.

    Attributes:
        encoders: of each task's encoder, by its name.
        trunk: of all copies of the trunk.
        heads: of each task's head, by its name.
    """

    encoders: dict[str, int]
    trunk: int
    heads: dict[str, int]

    @property
    def total(self) -> int:
        """Of the whole network."""
        return sum(self.encoders.values()) + self.trunk + sum(self.heads.values())


def least_size(specs: Sequence[TaskSpec], architecture: Architecture) -> LeastSize:
    """Return what a network has at least; one that is matched has about as much as the `hard` one.

    Raises:
        ValueError: convolutions are asked for that the tasks' observations do not allow.
    """
    widths: list[Width] = list(architecture.widths)
    if architecture.trunk_convolutions:
        widths[:1] = trunk_maps(specs, architecture.trunk_convolutions)
    ends = specs[:1] if architecture.tied_ends else specs
    outputs = architecture.widths[-1] * prod(architecture.output().shape)
    return LeastSize(
        {spec.name: _encoder(spec, architecture) for spec in ends},
        _copies(len(specs), architecture) * sum(_layer(*pair) for pair in pairwise(widths)),
        {spec.name: spec.choices.total * outputs for spec in ends},
    )


def _encoder(spec: TaskSpec, architecture: Architecture) -> int:
    if architecture.trunk_convolutions:
        return 0
    return sum(_inputs(seen, architecture) for seen in seen_parts(spec)) * architecture.widths[0]


def _inputs(seen: Seen, architecture: Architecture) -> int:
    """Return the inputs of the layer that brings a part to the trunk's width."""
    if seen.part.kind == "indices":
        return sum(seen.part.sizes) * seen.stack
    if seen.part.kind == "words":
        return FILTERS
    maps = observed_maps(seen) if convolves(architecture.encoder, seen) else None
    return seen.size if maps is None else stem(maps)[-1].features


def _copies(tasks: int, architecture: Architecture) -> int:
    if architecture.sharing == "hard" or architecture.match != "width":
        return 1
    return architecture.experts if architecture.sharing == "moe" else tasks


def _layer(width_in: Width, width_out: Width) -> int:
    if isinstance(width_in, Maps) and isinstance(width_out, Maps) and width_out.by is not None:
        return channels(width_in) * channels(width_out) * width_out.by.side**2
    return features(width_in) * features(width_out)
