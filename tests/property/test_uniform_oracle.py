"""The uniform selector against a set of slots, over any sequence of inserts and removals."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from replay.selectors.uniform import Uniform

CAPACITY = 12
slots = st.lists(st.integers(0, CAPACITY - 1), max_size=CAPACITY)
DRAWS = 40 * CAPACITY
"""So many that all of at most `CAPACITY` slots are among them, but once in 10^16 times."""


@given(st.lists(st.tuples(st.booleans(), slots), max_size=30), st.integers(0, 2**32 - 1))
def test_what_was_inserted_and_not_removed_is_drawn(changes: list[tuple[bool, list[int]]], seed: int):
    """Each of them, nothing else, with one over their number; slots may repeat, and be there or not."""
    selector, expected = Uniform(CAPACITY), set[int]()
    rng = np.random.default_rng(seed)
    for inserted, changed in changes:
        indices = np.array(changed, np.int64)
        if inserted:
            selector.insert(indices, np.zeros(len(changed), np.float32))
            expected |= set(changed)
        else:
            selector.remove(indices)
            expected -= set(changed)
        assert selector.mass == len(expected)
        if expected:
            drawn, probabilities = selector.sample(DRAWS, rng)
            assert (drawn.dtype, set(drawn.tolist())) == (np.dtype(np.int64), expected)
            assert set(probabilities.tolist()) == {1 / len(expected)}
