"""Images as convolutions see them: channels, height and width, and which filters go over them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from network.choices import EncoderKind
from network.seen import Seen, seen_parts
from tasks.spec import TaskSpec

SMALLEST_SIDE = 7
"""What has channels and sides of at least so many numbers counts as an image: MiniGrid's view is 7 x 7."""
LARGE_SIDE = 36
"""Images with sides of at least so many pixels get the filters for large images."""


@dataclass(frozen=True)
class Filters:
    """The filters of one convolution, without padding: how many, their side and their stride."""

    count: int
    side: int
    stride: int = 1


@dataclass(frozen=True)
class Maps:
    """Feature maps that lie flat in a row, channels first; `by` are the filters that made them."""

    channels: int
    height: int
    width: int
    by: Filters | None = None

    @property
    def features(self) -> int:
        """Features of all maps."""
        return self.channels * self.height * self.width

    def under(self, filters: Filters) -> "Maps":
        """Return the maps that filters make of these.

        Raises:
            ValueError: they do not fit in.
        """
        if min(self.height, self.width) < filters.side:
            raise ValueError(
                f"filters of {filters.side} x {filters.side} do not fit into "
                f"maps of {self.height} x {self.width}"
            )
        height, width = ((side - filters.side) // filters.stride + 1 for side in (self.height, self.width))
        return Maps(filters.count, height, width, filters)


Width = int | Maps
"""A number of features, or features that are maps."""

SMALL = (Filters(16, 3),)
"""Young and Tian 2019, "MinAtar", section 3."""
LARGE = (Filters(32, 8, 4), Filters(64, 4, 2), Filters(64, 3))
"""Mnih et al. 2015, "Human-level control through deep reinforcement learning", Methods."""


def features(width: Width) -> int:
    """Return the number of features."""
    return width.features if isinstance(width, Maps) else width


def channels(width: Width) -> int:
    """Return the number of channels; a plain feature is a channel of its own."""
    return width.channels if isinstance(width, Maps) else width


def has_channels_last(frame: tuple[int, ...]) -> bool:
    """Return whether frames are (height, width, channels): channels are the smaller of the outer sides."""
    return len(frame) == 3 and frame[-1] <= frame[0]


def observed_maps(seen: Seen) -> Maps | None:
    """Return a part of observations as maps, those of all stacked frames; None for no board and no image.

    A board without channels is one map.
    """
    frame = seen.part.shape
    if seen.part.kind != "numbers" or len(frame) not in (2, 3):
        return None
    height, width = frame[:2] if has_channels_last(frame) else frame[-2:]
    return Maps(seen.size // (height * width), height, width)


def is_image(seen: Seen) -> bool:
    """Return whether a part has several channels and sides that are worth a convolution."""
    maps = observed_maps(seen)
    return maps is not None and len(seen.shape) > 2 and min(maps.height, maps.width) >= SMALLEST_SIDE


def convolves(encoder: EncoderKind, seen: Seen) -> bool:
    """Return whether an encoder of that kind convolves a part of numbers."""
    return (encoder == "conv" and fits_filters(seen)) or (encoder == "auto" and is_image(seen))


def fits_filters(seen: Seen) -> bool:
    """Return whether a part can be convolved: it is a board or an image, and filters fit into it."""
    maps = observed_maps(seen)
    try:
        return maps is not None and bool(stem(maps))
    except ValueError:
        return False


def stem(maps: Maps) -> list[Maps]:
    """Return what the convolutions of one task's own encoder make of its images, layer by layer.

    Raises:
        ValueError: the images are too small.
    """
    filters = LARGE if min(maps.height, maps.width) >= LARGE_SIDE else SMALL
    return list(accumulate(filters, Maps.under, initial=maps))[1:]


def trunk_maps(specs: Sequence[TaskSpec], counts: Sequence[int]) -> list[Maps]:
    """Return what a trunk that begins with convolutions takes in, and what each of them makes of it.

    Each task's encoder is then the first layer of its `stem` alone. The trunk's filters are 3 x 3; in large
    images the first are those of `LARGE`.

    Args:
        specs: the tasks.
        counts: how many filters each convolution has.

    Raises:
        ValueError: a task has no images, they differ in height or width, or filters do not fit in.
    """
    entries = {}
    for spec in specs:
        seen = seen_parts(spec)
        maps = observed_maps(seen[0]) if len(seen) == 1 else None
        if maps is None:
            raise ValueError(f"observations of task {spec.name!r} are no images")
        entries[spec.name] = stem(maps)[0], (maps.height, maps.width)
    first = specs[0].name
    for name, (_, size) in entries.items():
        if size != entries[first][1]:
            (h, w), (height, width) = size, entries[first][1]
            raise ValueError(f"images of task {name!r} are {h} x {w}, those of {first!r} {height} x {width}")
    entry = entries[first][0]
    known = LARGE[1:] if entry.by == LARGE[0] else ()
    filters = [
        Filters(count, known[i].side, known[i].stride) if i < len(known) else Filters(count, 3)
        for i, count in enumerate(counts)
    ]
    return list(accumulate(filters, Maps.under, initial=entry))
