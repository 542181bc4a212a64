"""Keys: what shard, life and row become must come apart again, and lives must not meet."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.keys import (
    LIVES,
    ROWS_OF_A_LIFE,
    SHARD_LIVES_OF_A_RUN_LIFE,
    SHARDS,
    first_key,
    split_keys,
    with_shard,
)

RUN_LIVES = st.integers(0, 2**31) | st.sampled_from([255, 256, 1023, 1024, 65_535, 65_536, 131_072])
SHARD_LIVES = st.integers(0, 2**20)
ROWS = st.integers(0, ROWS_OF_A_LIFE - 1)


@given(st.integers(0, SHARDS - 1), RUN_LIVES, SHARD_LIVES, st.lists(ROWS, min_size=1) | st.just([2**40 - 1]))
def test_shard_and_key_come_apart_again(shard: int, run_life: int, life: int, rows: list[int]):
    """For every life that a run may have, however far its shards have written."""
    keys = np.array([first_key(run_life, life) + row for row in rows], np.int64)
    shards, found = split_keys(with_shard(keys, shard))
    assert shards.tolist() == [shard] * len(rows)
    assert found.tolist() == keys.tolist()


@given(
    RUN_LIVES,
    st.integers(0, LIVES // SHARD_LIVES_OF_A_RUN_LIFE - 1),
    st.integers(0, SHARD_LIVES_OF_A_RUN_LIFE - 1),
    st.integers(0, SHARD_LIVES_OF_A_RUN_LIFE - 1),
)
def test_lives_that_may_know_of_each_other_have_other_keys(run_life: int, later: int, one: int, other: int):
    """Of any 256 lives of a run that follow each other, whichever lives their shards are in."""
    same = (later, other) == (0, one)
    assert (abs(first_key(run_life, one) - first_key(run_life + later, other)) >= ROWS_OF_A_LIFE) is not same


@given(RUN_LIVES, st.integers(0, 2**20), st.integers(1, LIVES - 1))
def test_lives_of_a_shard_in_one_life_of_the_run_have_other_keys(run_life: int, life: int, later: int):
    """However often a shard died: any 65,536 that follow each other."""
    distance = abs(first_key(run_life, life) - first_key(run_life, life + later))
    assert distance >= ROWS_OF_A_LIFE


def test_what_has_no_room_is_a_sentence():
    """Never a key of somebody else's shard."""
    last = np.array([LIVES * ROWS_OF_A_LIFE - 1])
    shard, rows = split_keys(with_shard(last, SHARDS - 1))
    assert (shard.tolist(), rows.tolist()) == ([SHARDS - 1], last.tolist())
    with pytest.raises(
        OverflowError, match=r"^a key of shard 3 has more than 56 bits: its rows are used up$"
    ):
        with_shard(last + 1, 3)
    with pytest.raises(OverflowError, match=r"^shard 128 cannot be part of a key: allowed are 0 to 127$"):
        with_shard(last, SHARDS)
