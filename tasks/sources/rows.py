"""Rows of what a pool gives: what some of its streams show, or a single one, by the space of one stream."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from tasks.lives import LIVES_KEY
from tasks.reading import MASK_KEY


def row_of(space: Any, values: Any, row: int) -> Any:  # noqa: ANN401 - whatever environments gave back
    """Return the observation of one stream."""
    members = _members(space, values)
    if members is None:
        return values[row]
    found = {key: row_of(member, values[key], row) for key, member in members.items()}
    return found if isinstance(space, spaces.Dict) else tuple(found.values())


def rows_of(space: Any, values: Any, rows: NDArray[np.intp]) -> Any:  # noqa: ANN401 - the same
    """Return the observations of some streams, as a pool of them would give them."""
    members = _members(space, values)
    if members is not None:
        found = {key: rows_of(member, values[key], rows) for key, member in members.items()}
        return found if isinstance(space, spaces.Dict) else tuple(found.values())
    return values[rows] if isinstance(values, np.ndarray) else tuple(values[row] for row in rows.tolist())


def batch_of_one(space: Any, value: Any) -> Any:  # noqa: ANN401 - the same
    """Return the observation of a stream as a pool of one would give it."""
    if isinstance(space, spaces.Dict):
        return {key: batch_of_one(member, value[key]) for key, member in space.items()}
    if isinstance(space, spaces.Tuple):
        return tuple(batch_of_one(member, part) for member, part in zip(space, value, strict=True))
    numbers = isinstance(space, spaces.Box | spaces.Discrete | spaces.MultiDiscrete | spaces.MultiBinary)
    return np.asarray(value)[None] if numbers else (value,)


def same_rows(space: Any, before: Any, after: Any, rows: NDArray[np.intp]) -> bool:  # noqa: ANN401 - the same
    """Return whether some streams show the same in two of a pool's answers."""
    members = _members(space, before)
    if members is not None:
        return all(same_rows(member, before[key], after[key], rows) for key, member in members.items())
    if not isinstance(before, np.ndarray):
        return all(before[row] is after[row] or before[row] == after[row] for row in rows.tolist())
    return np.array_equal(before[rows], after[rows], equal_nan=before.dtype.kind == "f")


def infos_of_rows(infos: Any, rows: Any) -> dict[str, Any]:  # noqa: ANN401 - the same
    """Return of infos what can be used, masks of actions and lives, for some streams or a single one."""
    if not isinstance(infos, Mapping):
        return {}
    kept = {key: infos[key] for key in (MASK_KEY, LIVES_KEY) if key in infos}
    return {
        key: tuple(part[rows] for part in value) if isinstance(value, tuple) else value[rows]
        for key, value in kept.items()
    }


def _members(space: Any, values: Any) -> Mapping[Any, Any] | None:  # noqa: ANN401 - the same
    """Return the spaces of a composite's members, by the keys of their values; None where it is none."""
    if isinstance(space, spaces.Dict) and isinstance(values, Mapping):
        return space.spaces
    return dict(enumerate(space)) if isinstance(space, spaces.Tuple) and isinstance(values, tuple) else None
