"""What the parts of an observation are divided by, as a configuration says it."""

import math
from collections.abc import Mapping, Sequence

from network.images import has_channels_last
from tasks.errors import TaskError
from tasks.observation import Part, Scale

GivenScale = Sequence[float] | str
"""One number, several, or `auto`."""


def scales(
    task: str, given: GivenScale | Mapping[str, GivenScale] | None, parts: Sequence[Part]
) -> list[Scale]:
    """Return the scale of each part.

    Args:
        task: its name, for sentences.
        given: for all parts of numbers, or by the name of a part; None for what suits the dtype.
        parts: of the task's frames.

    Raises:
        TaskError: it does not fit the parts.
    """
    numbers = [part for part in parts if part.kind == "numbers"]
    if isinstance(given, Mapping):
        names = [part.name for part in numbers]
        for name in given:
            if name not in names:
                raise TaskError(
                    f"tasks.{task}.observation_scale: {name!r} is no part of numbers; allowed are "
                    f"{', '.join(map(repr, names)) or 'none: the observation has no such part'}"
                )
        return [_scale(f"{task}.observation_scale.{part.name}", given.get(part.name), part) for part in parts]
    if given is not None and not numbers:
        raise TaskError(
            f"tasks.{task}.observation_scale: {_shown(given)} is not allowed, since the observation has no part of "
            "numbers; it should be null"
        )
    if not isinstance(given, str | None) and len(given) > 1 and len(numbers) > 1:
        raise TaskError(
            f"tasks.{task}.observation_scale: {len(given)} numbers given for {len(numbers)} parts; it should be one "
            f"number, auto, or a mapping from {', '.join(repr(part.name) for part in numbers)} to theirs"
        )
    return [_scale(f"{task}.observation_scale", given, part) for part in parts]


def _scale(field: str, given: GivenScale | None, part: Part) -> Scale:
    """Return the divisors of a part: one, or one for each element."""
    if given is None or part.kind != "numbers":
        return part.scale
    if isinstance(given, str):
        return "auto"
    size = math.prod(part.shape)
    if len(given) in (1, size):
        return tuple(given)
    last = has_channels_last(part.shape)
    channels = (part.shape[-1] if last else part.shape[0]) if len(part.shape) == 3 else None
    if len(given) == channels:
        pixels = size // channels
        return tuple(given) * pixels if last else tuple(value for value in given for _ in range(pixels))
    allowed = f"1, {channels} (one for each channel)" if channels else "1"
    raise TaskError(
        f"tasks.{field}: {len(given)} numbers given; allowed are {allowed} or {size}, one for each element of "
        f"{f'the part {part.name!r}' if part.name else 'an observation'}"
    )


def _shown(given: GivenScale) -> str:
    return given if isinstance(given, str) else ", ".join(f"{value:g}" for value in given)
