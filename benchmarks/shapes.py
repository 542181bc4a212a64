"""The sizes of replay that are measured."""

from dataclasses import dataclass

BATCH, BLOCK = 512, 64


@dataclass(frozen=True)
class ReplayShape:
    """A buffer full of transitions with observations of one kind.

    Attributes:
        dimensions: of one observation.
        dtype: of its elements.
        capacity: transitions in the buffer.
        frame_stack: frames of an observation, of which each transition brings one.
    """

    dimensions: tuple[int, ...]
    dtype: str
    capacity: int
    frame_stack: int = 1

    def __str__(self) -> str:
        sides = "x".join(map(str, self.dimensions))
        return f"{sides if len(self.dimensions) > 1 else f'vector({sides})'} {self.dtype}"

    def arguments(self) -> tuple[object, ...]:
        """Return what the scripts of peers take."""
        return (self.capacity, self.dtype, *self.dimensions)


VECTOR = ReplayShape((4,), "float32", capacity=100_000)
MINATAR = ReplayShape((10, 10, 4), "uint8", capacity=100_000)
ATARI = ReplayShape((4, 84, 84), "uint8", capacity=10_000, frame_stack=4)
