"""What an observation consists of: named parts, and how one frame of them lies in memory.

Shape letters: P numbers of a part; `...` any leading axes, such as streams or rows.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

PartKind = Literal["numbers", "indices", "words", "mask"]
"""What a part means to a network.

`numbers` are quantities, also those of images; `indices` are names of things, from 0 on; `words` are tokens
in their order, 0 where there is none; `mask` says which choices of an action are allowed and is no input.
"""
Scale = tuple[float, ...] | Literal["auto"]
"""What numbers are divided by: one number, one for each element, or statistics that follow what is seen."""

ALIGNMENT = 8
"""Parts and frames begin at multiples of so many bytes, so that they can be read where they lie."""


def observed(part: str) -> str:
    """Return how sentences name an observation whose part of this name they are about."""
    return f"an observation with a part {part!r}" if part else "an observation"


@dataclass(frozen=True)
class Part:
    """One part of an observation.

    Attributes:
        name: where it stands in the environment's observation, such as `image` or `agent.position`; empty for
            an observation that has one part only.
        kind: what it means.
        shape: of one frame's part, at least one dimension.
        dtype: as it is kept: `float32` or `uint8` for numbers, `uint8` or `int32` for indices, `int32` for
            words, `uint8` for a mask.
        sizes: of indices: how many values each element can have, one number for each.
        scale: of numbers.
    """

    name: str
    kind: PartKind
    shape: tuple[int, ...]
    dtype: str
    sizes: tuple[int, ...] = ()
    scale: Scale = (1.0,)

    @cached_property
    def what(self) -> str:
        """What an environment returns, in sentences about this part."""
        return observed(self.name)

    @cached_property
    def nbytes(self) -> int:
        """Bytes of one frame's part."""
        return prod(self.shape) * np.dtype(self.dtype).itemsize


@dataclass(frozen=True)
class ObservationLayout:
    """The parts of a task's frames, and where each of them lies.

    A frame of one part is the part itself. A frame of several is one row of bytes, in which the parts lie one
    after another, so that replay, messages and snapshots need to know nothing of them.

        layout = ObservationLayout((Part("image", "numbers", (7, 7, 3), "uint8"),
                                    Part("direction", "indices", (1,), "uint8", sizes=(4,))))
        frame_EO = np.zeros((16, *layout.frame_shape), layout.frame_dtype)
        image_EHWC, direction_EP = layout.parts_of(frame_EO)        # views: writing them writes the frames

    Raises:
        ValueError: two parts have the same name.
    """

    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        names = [part.name for part in self.parts]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two parts of the observation are called {twice!r}")

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """Shape of one frame."""
        return self.parts[0].shape if len(self.parts) == 1 else (self.offsets[-1],)

    @property
    def frame_dtype(self) -> str:
        """Dtype of frames."""
        return self.parts[0].dtype if len(self.parts) == 1 else "uint8"

    @cached_property
    def offsets(self) -> tuple[int, ...]:
        """Where each part begins in a frame of several, in bytes, and at last where the frame ends."""
        ends = np.cumsum([-(-part.nbytes // ALIGNMENT) * ALIGNMENT for part in self.parts])
        return (0, *ends.tolist())

    @property
    def seen(self) -> tuple[Part, ...]:
        """The parts that a network takes in: all but the mask."""
        return tuple(part for part in self.parts if part.kind != "mask")

    @cached_property
    def mask(self) -> Part | None:
        """The part that says which choices are allowed, if there is one."""
        return next((part for part in self.parts if part.kind == "mask"), None)

    def allowed(self, frames: NDArray[Any]) -> NDArray[np.uint8] | None:
        """Return which choices frames allow, (..., A); None where all are allowed."""
        return None if self.mask is None else self.parts_of(frames)[self.parts.index(self.mask)]

    @property
    def looks(self) -> Hashable:
        """What two tasks have in common that look alike: all but the scales."""
        return tuple(replace(part, scale=(1.0,)) for part in self.parts)

    @property
    def described(self) -> str:
        """What the bytes of a frame of several parts mean; empty for a frame of one part."""
        if len(self.parts) == 1:
            return ""
        words = (f"{part.name}: {part.kind} {part.dtype}{list(part.shape)}" for part in self.parts)
        return ", ".join(words)

    def parts_of(self, frames: NDArray[Any]) -> list[NDArray[Any]]:
        """Return views of every part (..., *part.shape), given frames (..., *frame_shape)."""
        if len(self.parts) == 1:
            return [frames]
        leading = frames.shape[:-1]
        return [
            frames[..., begin : begin + part.nbytes].view(part.dtype).reshape(*leading, *part.shape)
            for part, begin in zip(self.parts, self.offsets, strict=False)
        ]

    @classmethod
    def of_numbers(cls, shape: tuple[int, ...], dtype: str, scale: Scale = (1.0,)) -> "ObservationLayout":
        """Return the layout of an observation that is one array of numbers."""
        return cls((Part("", "numbers", shape, dtype, scale=scale),))

    def scaled(self, scales: Sequence[Scale]) -> "ObservationLayout":
        """Return the layout with other scales, one for each part."""
        return ObservationLayout(
            tuple(replace(part, scale=scale) for part, scale in zip(self.parts, scales, strict=True))
        )
