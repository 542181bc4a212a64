"""What EnvPool declares, as Gymnasium would: bounds that are none, texts in bytes, choices in a Box."""

from typing import Any

import numpy as np
from gymnasium import spaces

from tasks.readers.padded_text import PaddedText

TEXTS = frozenset({"mission"})
"""Arrays of bytes that are texts, by their names."""
MOST_CHOICES = 1_000
"""Of one dimension of an action that is a Box of whole numbers."""


def sane_observation_space(space: Any, name: str = "") -> Any:  # noqa: ANN401 - whatever it declares
    """Return a space of observations with the bounds that it has, and texts as texts."""
    if isinstance(space, spaces.Dict):
        return spaces.Dict({key: sane_observation_space(member, key) for key, member in space.items()})
    if isinstance(space, spaces.Box) and name in TEXTS and space.dtype == np.uint8 and len(space.shape) == 1:
        return PaddedText(space.shape[0])
    if isinstance(space, spaces.Box) and space.dtype.kind == "f":
        return _bounded(space)
    return space


def sane_action_space(space: Any) -> Any:  # noqa: ANN401 - whatever it declares
    """Return a space of actions in which several choices are a MultiDiscrete."""
    if not (isinstance(space, spaces.Box) and space.dtype.kind in "iu"):
        return space
    sizes = space.high.astype(np.int64) - space.low.astype(np.int64) + 1
    if sizes.size == 0 or sizes.max() > MOST_CHOICES:
        return space
    return spaces.MultiDiscrete(sizes, dtype=np.dtype(space.dtype.type), start=space.low.astype(space.dtype))


def _bounded(space: spaces.Box) -> spaces.Box:
    """Return a Box whose bounds are infinite where it means none.

    C++'s numeric_limits<float>::min() is the smallest number above 0, and not the lowest of all.
    """
    limits: Any = np.finfo(str(space.dtype))
    low = np.where((space.low == limits.tiny) | (space.low == limits.min), -np.inf, space.low)
    high = np.where(space.high == limits.max, np.inf, space.high)
    return spaces.Box(low.astype(space.dtype), high.astype(space.dtype), space.shape, space.dtype.type)
