"""What the parts of an observation are divided by, as a configuration says it."""

import math
from collections.abc import Sequence
from typing import Literal

from config.sections.task import TaskConfig
from network.images import has_channels_last
from tasks.errors import TaskError
from tasks.observation import Part, Scale

GivenScale = Sequence[float] | str
"""One number, several, or `auto`."""


def scales(name: str, task: TaskConfig, parts: Sequence[Part]) -> list[Scale]:
    """Return the scale of each part.

    Args:
        name: of the task.
        task: what the configuration says of it: one scale for all parts of numbers, or scales by the names of
            parts; what it does not say follows from the dtype.
        parts: of the task's frames.

    Raises:
        TaskError: a scale does not fit the parts.
    """
    field, given = f"tasks.{name}.observation_scale", task.observation_scale
    numbers = [part.name for part in parts if part.kind == "numbers"]
    if isinstance(given, dict):
        _refuse_unknown(field, given, numbers)
        return [_scale(f"{field}.{part.name}", given.get(part.name), part, task.env) for part in parts]
    if given is not None and not numbers:
        raise TaskError(
            f"{field}: {_shown(given)} is not allowed: observations of {task.env} have no part of numbers; "
            "it should be null"
        )
    if not isinstance(given, str | None) and len(given) > 1 and len(numbers) > 1:
        raise TaskError(
            f"{field}: {len(given)} numbers given, and observations of {task.env} have several parts of "
            f"numbers; it should be one number, auto, or a mapping from {_listed(numbers)} to a scale each"
        )
    return [_scale(field, given, part, task.env) for part in parts]


def _refuse_unknown(field: str, given: dict[str, list[float] | Literal["auto"]], numbers: list[str]) -> None:
    for name in given:
        if name not in numbers:
            allowed = f"allowed are {_listed(numbers)}" if any(numbers) else "it should be one scale, or null"
            raise TaskError(f"{field}: the observation has no part {name!r} of numbers; {allowed}")


def _scale(field: str, given: GivenScale | None, part: Part, env: str) -> Scale:
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
    which = f"the part {part.name!r} of an observation" if part.name else "an observation"
    raise TaskError(
        f"{field}: {len(given)} numbers given; allowed are {allowed} or {size}, one for each element of "
        f"{which} of {env}"
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))


def _shown(given: GivenScale) -> str:
    return given if isinstance(given, str) else ", ".join(f"{value:g}" for value in given)
