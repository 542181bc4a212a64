"""Compiled functions, kept on disk between processes where there is a place for them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

from replay.spare_folder import spare_folder

SPARE_FOLDER = "trunkline-compiled"

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Return a function compiled by numba, and keep its machine code for the next process.

    Numba keeps it beside the source, or in the user's cache; a read-only installation without a home has
    neither. Then it is kept in a folder for temporary files that belongs to this user alone, and where that
    is impossible too, every process compiles anew, which takes it some seconds.
    """
    try:
        return cast(Function, numba.njit(cache=True)(function))
    except RuntimeError:  # numba has no place of its own
        spare = spare_folder(SPARE_FOLDER)
    if spare is None:
        return cast(Function, numba.njit(function))
    numba.config.CACHE_DIR = str(spare)  # type: ignore[attr-defined]  # numba makes it when imported
    return cast(Function, numba.njit(cache=True)(function))


def folder_of_compiled() -> Path | None:
    """Return where this process keeps what it compiles; None if nowhere."""
    place = getattr(_sample, "stats").cache_path  # noqa: B009 - numba's, which types do not know
    return None if place is None else Path(place)


@compiled
def _sample() -> None:
    """Be compiled as all others are."""
