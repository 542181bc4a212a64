"""How large a network is: each task's encoder, and the whole."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import torch
from torch import nn

from network.build import Architecture, build_network
from network.images import convolves
from network.least_size import least_size
from network.parts_encoder import PartsEncoder
from network.seen import Seen, seen_parts
from network.tied import TiedEncoder
from tasks.spec import TaskSpec

QUICKLY_BUILT = 20_000_000
"""Parameters that are allocated and drawn faster than torch begins without memory."""


@dataclass(frozen=True)
class EncoderSize:
    """What a network does with one task's observations.

    Attributes:
        parts: parameters of the encoder of each part.
        convolved: the parts that it sees as images.
    """

    parts: Mapping[Seen, int]
    convolved: tuple[Seen, ...]

    @property
    def parameters(self) -> int:
        """Parameters of the encoder."""
        return sum(self.parts.values())


def network_sizes(specs: Sequence[TaskSpec], architecture: Architecture) -> tuple[list[EncoderSize], int]:
    """Return the size of each task's encoder, and the parameters of the whole network.

    The network is built for it. One that is large is built without memory, on the device `meta`, where torch
    takes seconds to begin.

    Raises:
        ValueError: convolutions are asked for that the tasks' observations do not allow.
    """
    large = least_size(specs, architecture).total > QUICKLY_BUILT
    with torch.device("meta") if large else nullcontext():
        network = build_network(specs, architecture, seed=0)
    sizes = []
    for spec in specs:
        (encoder,) = network.encoder_of(spec.name).values()
        one = encoder.one if isinstance(encoder, TiedEncoder) else encoder
        encoders = one.parts if isinstance(one, PartsEncoder) else [one]
        parts = dict(zip(seen_parts(spec), map(_parameters, encoders), strict=True))
        numbers = [seen for seen in parts if seen.part.kind == "numbers"]
        convolved = tuple(seen for seen in numbers if convolves(architecture.encoder, seen))
        sizes.append(EncoderSize(parts, convolved))
    return sizes, _parameters(network)


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
