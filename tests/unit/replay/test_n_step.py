"""n-step returns: hand-made numbers."""

import numpy as np
import pytest

from replay.n_step import ReturnSpec, cut_n_step
from replay.row import BOUNDARY, LIFE_LOST, TERMINATED, TRUNCATED
from replay.rows import END

REWARDS = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]


def cut(
    starts: list[int],
    flags: dict[int, int] | None = None,
    rewards: list[float] = REWARDS,
    **spec: float | None,
) -> tuple[list[float], list[float], list[int]]:
    """Cut with n = 3 and a discount of 0.5, unless said otherwise; `flags` by row."""
    settings = {"n_step": 3, "discount": 0.5} | spec
    flag_of_row = np.zeros(len(rewards), np.uint8)
    for row, flag in (flags or {}).items():
        flag_of_row[row] = flag
    reward_n, discount_n, last = cut_n_step(
        ReturnSpec(**settings),  # type: ignore[arg-type]
        np.array(starts),
        np.array(rewards, np.float32),
        flag_of_row,
    )
    return reward_n.tolist(), discount_n.tolist(), last.tolist()


def test_mid_episode_sums_n_rewards_and_bootstraps_n_rows_on():
    """From row 0: 1 + 2/2 + 4/4 = 3, discount 1/8, row 3."""
    assert cut([0]) == ([3.0], [0.125], [3])


def test_one_step_is_the_plain_transition():
    """With n = 1 the reward is the row's own and the next row is bootstrapped from."""
    assert cut([2], n_step=1) == ([4.0], [0.5], [3])


def test_a_terminated_step_stops_the_sum_and_the_bootstrap():
    """Row 1 terminates: 1 + 2/2 = 2, and nothing is bootstrapped."""
    assert cut([0], {1: TERMINATED, 2: BOUNDARY}) == ([2.0], [0.0], [2])


def test_a_truncated_step_stops_the_sum_and_keeps_the_bootstrap():
    """Row 1 is truncated: 1 + 2/2 = 2, discount 1/4, bootstrap from the boundary row 2."""
    assert cut([0], {1: TRUNCATED, 2: BOUNDARY}) == ([2.0], [0.25], [2])


def test_a_lost_life_stops_the_sum_and_the_bootstrap_and_nothing_else():
    """Row 1 loses a life: nothing is bootstrapped, while row 2 starts a transition as any other row does."""
    assert cut([0, 2], {1: LIFE_LOST}) == ([2.0, 4.0 + 8.0 / 2 + 16.0 / 4], [0.0, 0.125], [2, 5])


def test_terminated_and_truncated_give_different_targets_on_the_same_rewards():
    """A time limit is not a death: the target differs by exactly discount_n times the bootstrap value."""
    bootstrap = 100.0
    death, limit = (cut([0], {1: flag, 2: BOUNDARY}) for flag in (TERMINATED, TRUNCATED))
    assert death[0] == limit[0]
    assert death[0][0] + death[1][0] * bootstrap == 2.0
    assert limit[0][0] + limit[1][0] * bootstrap == 2.0 + 0.25 * bootstrap


def test_a_step_that_is_both_terminated_and_truncated_is_terminated():
    """Death on the very step of the time limit is a death."""
    assert cut([0], {1: TERMINATED | TRUNCATED, 2: BOUNDARY}) == ([2.0], [0.0], [2])


@pytest.mark.parametrize(("flag", "discount_n"), [(TERMINATED, 0.0), (TRUNCATED, 0.125)])
def test_an_end_on_the_nth_step_counts_as_an_end(flag: int, discount_n: float):
    """Row 2 is the third and last step of the return: its flag still decides the discount."""
    assert cut([0], {2: flag, 3: BOUNDARY}) == ([3.0], [discount_n], [3])


def test_an_end_after_the_nth_step_changes_nothing():
    """Row 3 terminates, the return of row 0 ends before it."""
    assert cut([0], {3: TERMINATED, 4: BOUNDARY}) == cut([0])


def test_the_first_row_may_be_the_end():
    """A one-step remainder of an episode: its own reward only."""
    assert cut([1], {1: TRUNCATED, 2: BOUNDARY}) == ([2.0], [0.5], [2])


def test_rewards_are_clipped_before_they_are_scaled():
    """Rewards -3, 0.5, 7 clipped to 1 and scaled by 10: -10 + 5/2 + 10/4 = -5."""
    assert cut([0], rewards=[-3.0, 0.5, 7.0, 0.0], reward_clip=1.0, reward_scale=10.0)[0] == [-5.0]


def test_without_a_clip_rewards_pass_as_they_are():
    """None is no bound, whatever the size of the reward."""
    assert cut([0], rewards=[-1e6, 0.0, 0.0, 0.0])[0] == [-1e6]


@pytest.mark.parametrize(("end", "expected"), [(2, (2.0, 0.25, 2)), (1, (1.0, 0.5, 1))])
def test_the_end_of_a_fragment_stops_the_sum_and_keeps_the_bootstrap(end: int, expected: tuple[float, ...]):
    """The last row is bootstrapped from, its own reward left out: what follows is another fragment's."""
    reward_n, discount_n, last = cut([0], {end: END})
    assert (reward_n[0], discount_n[0], last[0]) == expected


def test_a_fragment_that_is_just_long_enough_changes_nothing():
    """The row to bootstrap from may be its last."""
    assert cut([0], {3: END}) == cut([0])


def test_a_death_before_the_end_of_a_fragment_is_a_death():
    """Row 1 terminates, row 2 is both the boundary and the fragment's last."""
    assert cut([0], {1: TERMINATED, 2: BOUNDARY | END}) == ([2.0], [0.0], [2])


def test_rows_lie_in_a_ring():
    """From row 4 of 6: 16 + 32/2 + 1/4, bootstrap from row 1."""
    assert cut([4]) == ([32.25], [0.125], [1])


def test_an_end_on_the_last_row_of_the_ring_bootstraps_from_row_0():
    """Row 5 is truncated: its boundary row lies in slot 0."""
    assert cut([5], {5: TRUNCATED, 0: BOUNDARY}) == ([32.0], [0.5], [0])


def test_starts_are_cut_independently_and_may_repeat():
    """Three starts in one call, one of them twice."""
    assert cut([0, 1, 0]) == ([3.0, 6.0, 3.0], [0.125] * 3, [3, 4, 3])


def test_the_result_has_the_learners_dtypes():
    """float32 rewards and discounts, int64 rows."""
    arrays = cut_n_step(ReturnSpec(1, 0.9), np.array([0]), np.zeros(2, np.float32), np.zeros(2, np.uint8))
    assert [array.dtype.name for array in arrays] == ["float32", "float32", "int64"]
