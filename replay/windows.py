"""Frame windows: the stacks of a transition's two observations, with the frames that they share held once."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from replay.compiling import compiled
from replay.row import BOUNDARY
from replay.rows import END


def window_length(stack: int, n_step: int) -> int:
    """Return how many frames a window has: `stack` of the observation, at most as many new ones after it."""
    return stack + min(stack, n_step)


def cut_windows(
    frames: NDArray[Any],
    flags: NDArray[np.uint8],
    slots: NDArray[np.int64],
    last: NDArray[np.int64],
    discounts_n: NDArray[np.float32],
    stack: int,
    n_step: int,
) -> tuple[NDArray[Any], NDArray[np.int8]]:
    """Return windows (B, W, *frame_shape), and where in each the stack to bootstrap from begins: (B,).

    With W = `window_length(stack, n_step)` the first `stack` frames of a window are the observation at
    `slots`; the bootstrap stack, which ends at row `last`, begins at `W - stack`. It begins earlier only
    where n is less than `stack` and the episode was truncated, or its fragment ended, less than n steps on. A
    transition that terminated (`discounts_n` 0) has no bootstrap value: its second stack may be any frames.

    A stack reaches back to the first row of its episode, or of its fragment, and repeats that row's frame for
    what is missing, as Gymnasium's `FrameStackObservation` does.

    Args:
        frames: (R, *frame_shape), a ring of rows.
        flags: (R,) with `BOUNDARY` and `END`.
        slots: (B,) rows of the transitions.
        last: (B,) rows to bootstrap from.
        discounts_n: (B,).
        stack: frames of an observation.
        n_step: steps summed before bootstrapping.
    """
    length = window_length(stack, n_step)
    windows = np.empty((len(slots), length, *frames.shape[1:]), frames.dtype)
    rows, starts = _rows(flags, slots, last, discounts_n, stack, length)
    _gather(_words(frames.reshape(len(frames), -1)), rows, _words(windows.reshape(len(slots), length, -1)))
    return windows, starts


def _words(rows: NDArray[Any]) -> NDArray[Any]:
    """View the last axis in the widest words that fit: the kernel copies fewer of them."""
    row_bytes = rows.shape[-1] * rows.itemsize
    return rows.view(next(f"u{size}" for size in (8, 4, 2, 1) if row_bytes % size == 0))


@compiled
def _rows(
    flags: NDArray[np.uint8],
    slots: NDArray[np.int64],
    last: NDArray[np.int64],
    discounts_n: NDArray[np.float32],
    stack: int,
    length: int,
) -> Any:  # noqa: ANN401 - Numba infers the tuple of arrays
    """Return the row of every frame of every window, and where its second stack begins."""
    count = slots.shape[0]
    usual = length - stack
    starts = np.full(count, usual, np.int8)
    rows = np.empty((count, length), np.int64)
    bootstrap = np.empty(stack, np.int64)
    for i in range(count):
        _stack(flags, slots[i], rows[i, :stack])
        _stack(flags, last[i], bootstrap)
        steps = (last[i] - slots[i]) % flags.shape[0]
        start = usual if usual == stack or discounts_n[i] == 0.0 else min(usual, steps)
        for place in range(stack, length):
            rows[i, place] = bootstrap[min(place - start, stack - 1)]
        starts[i] = start
    return rows, starts


@compiled
def _gather(words: NDArray[Any], rows: NDArray[np.int64], windows: NDArray[Any]) -> None:
    """Copy frames; in a loop of its own, which is twice as fast as a loop that does more."""
    count, length, row_words = windows.shape
    for i in range(count):
        for place in range(length):
            row = rows[i, place]
            for word in range(row_words):
                windows[i, place, word] = words[row, word]


@compiled
def _stack(flags: NDArray[np.uint8], row: int, rows: NDArray[np.int64]) -> None:
    """Fill `rows` with those of the stack that ends at `row`, oldest first."""
    num_rows = flags.shape[0]
    for place in range(rows.shape[0] - 1, -1, -1):
        rows[place] = row
        before = (row - 1) % num_rows
        if not flags[before] & (BOUNDARY | END):
            row = before
