"""Frame windows by hand: what they hold, where their second stack begins, what is repeated."""

import numpy as np
import pytest

from replay.row import BOUNDARY, TRUNCATED
from replay.rows import END
from replay.windows import cut_windows, window_length


def cut(
    slot: int,
    last: int,
    stack: int,
    n_step: int,
    flags: dict[int, int] | None = None,
    discount_n: float = 1.0,
    num_rows: int = 12,
) -> tuple[list[int], int]:
    """Cut one window out of a ring of rows whose frames are their slots; row 11 ends another fragment."""
    flag_of_row = np.zeros(num_rows, np.uint8)
    for row, flag in ({num_rows - 1: END} | (flags or {})).items():
        flag_of_row[row] = flag
    windows, starts = cut_windows(
        np.arange(num_rows, dtype=np.uint8),
        flag_of_row,
        np.array([slot]),
        np.array([last]),
        np.array([discount_n], np.float32),
        stack,
        n_step,
    )
    return windows[0].tolist(), int(starts[0])


@pytest.mark.parametrize(
    ("stack", "n_step", "length"), [(1, 1, 2), (1, 5, 2), (4, 1, 5), (4, 3, 7), (4, 4, 8), (4, 9, 8)]
)
def test_a_window_has_a_stack_and_what_is_new_after_it(stack: int, n_step: int, length: int):
    """Frames that both stacks share are held once."""
    assert window_length(stack, n_step) == length


def test_stacks_that_overlap_share_their_frames():
    """A stack of 4 at row 5, one of 4 at row 7: six frames, the second stack begins two after the first."""
    assert cut(slot=5, last=7, stack=4, n_step=2) == ([2, 3, 4, 5, 6, 7], 2)


def test_stacks_that_do_not_overlap_lie_after_one_another():
    """Three at row 4, three at row 9: those between are not held."""
    assert cut(slot=4, last=9, stack=3, n_step=5) == ([2, 3, 4, 7, 8, 9], 3)


def test_with_a_stack_of_one_both_frames_are_there():
    """The row's own and the one to bootstrap from."""
    assert cut(slot=2, last=6, stack=1, n_step=4) == ([2, 6], 1)


def test_the_first_frame_of_an_episode_stands_for_those_before_it():
    """Row 3 is a boundary: at row 5 a stack of 4 has two frames of its episode."""
    assert cut(slot=5, last=6, stack=4, n_step=1, flags={3: BOUNDARY}) == ([4, 4, 4, 5, 6], 1)


def test_the_first_row_of_a_fragment_stands_for_those_before_it():
    """Row 11 of the ring ends another fragment."""
    assert cut(slot=1, last=3, stack=4, n_step=2) == ([0, 0, 0, 1, 2, 3], 2)


def test_an_episode_that_was_truncated_early_begins_its_second_stack_earlier():
    """One step instead of three after row 5: the stack that ends there begins at the second frame."""
    window = cut(slot=5, last=6, stack=4, n_step=3, flags={5: TRUNCATED, 6: BOUNDARY})
    assert window == ([2, 3, 4, 5, 6, 6, 6], 1)


def test_a_truncated_episode_whose_stacks_do_not_overlap_begins_where_it_always_does():
    """Each stack has room of its own."""
    window = cut(slot=5, last=6, stack=2, n_step=3, flags={5: TRUNCATED, 6: BOUNDARY})
    assert window == ([4, 5, 5, 6], 2)


def test_after_a_death_the_second_stack_is_where_it_always_is():
    """Nothing is bootstrapped from it: batches without truncations stay views of their windows."""
    window, start = cut(slot=5, last=6, stack=4, n_step=3, flags={6: BOUNDARY}, discount_n=0.0)
    assert (window[:4], len(window), start) == ([2, 3, 4, 5], 7, 3)


def test_windows_wrap_around_the_end_of_the_ring():
    """A fragment that begins at row 9 of 12 and goes on at row 0."""
    window = cut(slot=0, last=2, stack=4, n_step=2, flags={11: 0, 8: END})
    assert window == ([9, 10, 11, 0, 1, 2], 2)


def test_steps_are_counted_around_the_end_of_the_ring():
    """From row 11 to row 0 it is one step."""
    window = cut(slot=11, last=0, stack=3, n_step=2, flags={11: TRUNCATED, 0: BOUNDARY, 8: END})
    assert window == ([9, 10, 11, 0, 0], 1)


@pytest.mark.parametrize("shape", [(), (3,), (4, 2), (8,), (5, 5, 1)])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_frames_of_any_shape_are_copied_whole(shape: tuple[int, ...], dtype: str):
    """Whatever words they are copied in; the rows themselves are not touched."""
    frames = np.random.default_rng(0).integers(0, 256, (6, *shape)).astype(dtype)
    before = frames.copy()
    rows = np.array([1, 3, 4])
    windows, _ = cut_windows(frames, np.zeros(6, np.uint8), rows, rows + 1, np.ones(3, np.float32), 1, 1)
    np.testing.assert_array_equal(windows, np.stack([before[rows], before[rows + 1]], axis=1))
    assert windows.dtype == frames.dtype
    windows[:] = 0
    np.testing.assert_array_equal(frames, before)
