"""What a network takes in of a task: the parts of its observations, stacked."""

from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

from tasks.observation import ObservationLayout, Part
from tasks.spec import TaskSpec


@dataclass(frozen=True)
class Seen:
    """One part of a task's observations, as a network sees it.

    Attributes:
        task: name of the task.
        part: of one frame.
        stack: frames of an observation.
    """

    task: str
    part: Part
    stack: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the part in one observation: a stack's frames lie one after another."""
        return (self.stack, *self.part.shape) if self.stack > 1 else self.part.shape

    @property
    def size(self) -> int:
        """Numbers of the part in one observation."""
        return prod(self.shape)


def seen_parts(spec: TaskSpec) -> list[Seen]:
    """Return the parts that a network takes in: all but a mask."""
    return [Seen(spec.name, part, spec.frame_stack) for part in spec.layout.seen]


def part_of(layout: ObservationLayout, part: Part, obs: Tensor) -> Tensor:
    """Return a part of observations: (N, *part.shape), or (N, stack, *part.shape)."""
    if len(layout.parts) == 1:
        return obs
    begin = layout.offsets[layout.parts.index(part)]
    dtype: torch.dtype = getattr(torch, part.dtype)
    return torch.unflatten(obs[..., begin : begin + part.nbytes].view(dtype), -1, part.shape)
