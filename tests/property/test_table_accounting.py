"""A table's books are right after whatever was done to it."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from replay.fragment import BOUNDARY
from replay.messages import Inserted, NotReady, Sampled, Throttled
from replay.rate_limiter import RateLimiter
from replay.selector import Proportional
from tests.support.builders import make_block, make_table

OVERLAP = 2


class TableAccounting(RuleBasedStateMachine):
    """Inserts, draws, prompt and late priority updates; a dictionary of keys is the oracle."""

    @initialize(num_rows=st.integers(12, 60), ratio=st.none() | st.sampled_from([0.5, 2.0]))
    def build(self, num_rows: int, ratio: float | None) -> None:
        """Start with a table that cannot deadlock for the sizes used here."""
        self.num_rows = num_rows
        self.selector = Proportional(num_rows, priority_exponent=1.0, smallest_priority=0.5)
        self.table = make_table(
            num_rows=num_rows, selector=self.selector, limiter=RateLimiter(ratio, 1, error_buffer=40.0)
        )
        self.written = 0
        self.inserted = 0
        self.sampled = 0
        self.stale = 0
        self.priority_of_key: dict[int, float] = {}

    @rule(
        streams=st.integers(1, 3),
        rows=st.integers(3, 4),
        seed=st.integers(0, 2**16),
        boundaries=st.floats(0, 1),
    )
    def insert(self, streams: int, rows: int, seed: int, boundaries: float) -> None:
        """Insert a block with any share of boundary rows."""
        rng = np.random.default_rng(seed)
        flags = np.where(rng.random((streams, rows)) < boundaries, BOUNDARY, 0).astype(np.uint8)
        block = make_block(streams=streams, starts=rows - OVERLAP, overlap=OVERLAP, rng=rng, flags=flags)
        answer = self.table.insert(block, 0)
        if isinstance(answer, Throttled):
            return
        keys = self.written + np.arange(streams * rows).reshape(streams, rows)[:, : block.num_starts]
        self.written += streams * rows
        fresh = dict(
            zip(keys[block.starts()].tolist(), block.priorities[block.starts()].tolist(), strict=True)
        )
        assert answer == Inserted(len(fresh), 0)
        self.inserted += len(fresh)
        alive = {k: p for k, p in self.priority_of_key.items() if k >= self.written - self.num_rows}
        self.priority_of_key = alive | fresh

    @precondition(lambda self: self.written)
    @rule(seed=st.integers(0, 2**16), count=st.integers(1, 20))
    def update(self, seed: int, count: int) -> None:
        """Update any keys that a learner may remember, evicted, overlap or never an item."""
        rng = np.random.default_rng(seed)
        keys = rng.permutation(np.arange(-1, self.written))[:count]
        priorities = rng.random(keys.size).astype(np.float32) * 9
        self.table.update_priorities(keys, priorities)
        for key, priority in zip(keys.tolist(), priorities.tolist(), strict=True):
            if key in self.priority_of_key:
                self.priority_of_key[key] = priority
            else:
                self.stale += 1

    @rule(size=st.integers(1, 30))
    def sample(self, size: int) -> None:
        """Draw: only live items come, each with its own probability, as many as asked for."""
        answer = self.table.sample(size)
        if isinstance(answer, NotReady):
            return
        assert isinstance(answer, Sampled)
        self.sampled += size
        mass = sum(priority + 0.5 for priority in self.priority_of_key.values())
        expected = [(self.priority_of_key[key] + 0.5) / mass for key in answer.keys.tolist()]
        assert len(expected) == size
        np.testing.assert_allclose(answer.probabilities, expected, rtol=1e-9)

    @invariant()
    def the_books_agree(self) -> None:
        """Counters equal the oracle's, and the selector's mass is that of the live items."""
        if not hasattr(self, "table"):
            return
        stats = self.table.stats()
        assert self.table.problem() is None
        assert (self.inserted, self.sampled, self.stale) == (
            stats.inserted,
            stats.sampled,
            stats.stale_updates,
        )
        assert len(self.priority_of_key) == stats.items == stats.inserted - stats.evicted
        mass = sum(priority + 0.5 for priority in self.priority_of_key.values())
        np.testing.assert_allclose(self.selector.mass, mass, rtol=1e-9, atol=1e-12)


TestTableAccounting = TableAccounting.TestCase
