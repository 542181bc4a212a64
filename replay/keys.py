"""Keys of items: 63 bits that say on which shard an item lies, in which life of it, and in which row.

    bits 56 to 62   shard        what `with_shard` adds and `split_keys` takes off again
    bits 40 to 55   life         of the shard: where `first_key` lets a new one begin
    bits  0 to 39   row          counted over the shard's life

A key that a life gave must name nothing in the next ones, since new priorities for it may still be under way.
They are under way for seconds, so numbers of lives may begin again after a while: see `first_key`.
"""

import numpy as np
from numpy.typing import NDArray

ROW_BITS, LIFE_BITS, SHARD_BITS = 40, 16, 7
ROWS_OF_A_LIFE = 1 << ROW_BITS
"""Rows that a table may write before it meets the keys of the next life: at 100,000 a second, 127 days."""
LIVES, SHARDS = 1 << LIFE_BITS, 1 << SHARD_BITS
SHARD_LIVES_OF_A_RUN_LIFE = 256

_SHARD_SHIFT = ROW_BITS + LIFE_BITS


def first_key(run_life: int, life: int) -> int:
    """Return the key at which a table of a shard begins; those of other lives are elsewhere.

    Every life of a run has room for 256 lives of a shard. Further ones take the place of later lives
    of the run, which can only begin once the learner that may ask for these keys has ended. After 256 lives
    of a run, or 65,536 lives of a shard within one, keys begin again: no message is under way for that long.

    Args:
        run_life: which life of the run it is, from 0.
        life: counts the shard's lives within that one.
    """
    return (run_life * SHARD_LIVES_OF_A_RUN_LIFE + life) % LIVES * ROWS_OF_A_LIFE


def with_shard(keys: NDArray[np.int64], shard: int) -> NDArray[np.int64]:
    """Return the keys by which the learner knows a shard's items.

    Raises:
        OverflowError: the shard's number, or one of its keys, has more bits than there is room for.
    """
    if not 0 <= shard < SHARDS:
        raise OverflowError(f"shard {shard} cannot be part of a key: allowed are 0 to {SHARDS - 1}")
    if (keys >> _SHARD_SHIFT).any():
        raise OverflowError(f"a key of shard {shard} has more than {_SHARD_SHIFT} bits: its rows are used up")
    return keys | shard << _SHARD_SHIFT


def split_keys(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the shard of each key, and the key by which that shard knows the item."""
    return keys >> _SHARD_SHIFT, keys & (1 << _SHARD_SHIFT) - 1
