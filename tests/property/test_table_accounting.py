"""A table's items and books are right after whatever was done to it."""

from dataclasses import dataclass

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from replay.fragment import FragmentBlock
from replay.messages import Inserted, NotReady, Sampled, Throttled
from replay.row import BOUNDARY
from replay.selectors.proportional import Proportional
from tests.support.builders import make_block, make_table

SMALLEST = 0.5
VALUES = st.floats(0.0, 100.0, width=32) | st.sampled_from([float("nan"), float("inf"), -float("inf"), -1.0])


@dataclass
class Fragment:
    """Keys of the rows of one fragment, and the priorities of those that are items."""

    keys: range
    priorities: dict[int, float]


class ListOfFragments:
    """The oracle: every fragment that has not lost a row, in a list."""

    def __init__(self, num_rows: int, first_key: int) -> None:
        self.num_rows = num_rows
        self.next_key = first_key
        self.fragments: list[Fragment] = []

    def append(self, block: FragmentBlock) -> None:
        """Add a block's fragments; drop those of which a row is overwritten by them."""
        rows = block.rows["actions"].shape[1]
        for priorities, is_start in zip(block.priorities, block.starts(), strict=True):
            keys = range(self.next_key, self.next_key + rows)
            places = np.flatnonzero(is_start)
            items = {keys[block.lead + place]: float(priorities[place]) for place in places}
            self.fragments.append(Fragment(keys, items))
            self.next_key += rows
        oldest = self.next_key - self.num_rows
        self.fragments = [fragment for fragment in self.fragments if fragment.keys[0] >= oldest]

    def items(self) -> dict[int, float]:
        """Return the priority of each item that is alive, by key."""
        return {key: value for fragment in self.fragments for key, value in fragment.priorities.items()}

    def update(self, key: int, priority: float) -> str:
        """Set a priority; return what became of it."""
        for fragment in self.fragments:
            if key in fragment.priorities:
                if not 0 <= priority < np.inf:
                    return "invalid"
                fragment.priorities[key] = priority
                return "set"
        return "stale"


class TableAccounting(RuleBasedStateMachine):
    """Inserts, draws, prompt and late priority updates; a list of fragments is the oracle."""

    @initialize(num_rows=st.integers(24, 80), first_key=st.sampled_from([0, 7, 3 * 2**36]))
    def build(self, num_rows: int, first_key: int) -> None:
        """Start with an empty table, of a first life or a later one."""
        self.first_key = first_key
        self.selector = Proportional(num_rows, priority_exponent=1.0, smallest_priority=SMALLEST)
        self.table = make_table(num_rows=num_rows, selector=self.selector, first_key=first_key)
        self.oracle = ListOfFragments(num_rows, first_key)
        self.inserted = self.sampled = self.throttled = 0
        self.limit: int | None = None
        self.updates = {"set": 0, "stale": 0, "invalid": 0}

    @rule(
        streams=st.integers(1, 3),
        lead=st.integers(0, 2),
        starts=st.integers(1, 4),
        overlap=st.integers(1, 2),
        seed=st.integers(0, 2**16),
        boundaries=st.floats(0, 1),
    )
    def insert(
        self, streams: int, lead: int, starts: int, overlap: int, seed: int, boundaries: float
    ) -> None:
        """Insert a block of any form, with any share of boundary rows."""
        rng = np.random.default_rng(seed)
        rows = lead + starts + overlap
        flags = np.where(rng.random((streams, rows)) < boundaries, BOUNDARY, 0).astype(np.uint8)
        block = make_block(streams=streams, starts=starts, overlap=overlap, lead=lead, rng=rng, flags=flags)
        count = int(block.starts().sum())
        assert self.table.problem_with(block) is None
        answer = self.table.insert(block, 0)
        if self.limit is not None and self.inserted + count > self.limit:
            assert answer == Throttled()
            self.throttled += 1
            return
        assert answer == Inserted(count, 0)
        self.inserted += count
        self.oracle.append(block)

    @rule(step=st.integers(-5, 12))
    def follow(self, step: int) -> None:
        """Move the bound on inserts, which only ever goes up."""
        if self.limit is None:
            self.table.insert_until = self.limit = self.inserted
        self.table.follow(self.limit + step)
        self.limit = max(self.limit, self.limit + step)

    @rule(data=st.data(), count=st.integers(1, 20))
    def update(self, data: st.DataObject, count: int) -> None:
        """Update any keys, evicted, never an item, of an earlier life or yet to come; with any numbers."""
        keys = st.integers(self.first_key - 60, self.oracle.next_key + 3)
        pairs = data.draw(st.lists(st.tuples(keys, VALUES), min_size=1, max_size=count))
        self.table.update_priorities(
            np.array([key for key, _ in pairs]), np.array([value for _, value in pairs], np.float32)
        )
        for key, value in pairs:
            self.updates[self.oracle.update(key, value)] += 1

    @rule(size=st.integers(1, 30))
    def sample(self, size: int) -> None:
        """Draw: only live items come, each with its own probability, as many as asked for."""
        answer = self.table.sample(size)
        items = self.oracle.items()
        if isinstance(answer, NotReady):
            assert not items
            return
        assert isinstance(answer, Sampled)
        self.sampled += size
        mass = sum(priority + SMALLEST for priority in items.values())
        expected = [(items[key] + SMALLEST) / mass for key in answer.keys.tolist()]
        assert len(expected) == size
        np.testing.assert_allclose(answer.probabilities, expected, rtol=1e-9)
        assert self.table.progress() == answer.progress

    @precondition(lambda self: hasattr(self, "table"))
    @invariant()
    def the_books_agree(self) -> None:
        """Counters and items equal the oracle's, and the selector's mass is that of the live items."""
        items = self.oracle.items()
        stats, rows = self.table.stats(), self.table.rows
        assert self.table.problem() is None
        assert (stats.inserted, stats.arrived, stats.sampled) == (self.inserted, self.inserted, self.sampled)
        assert (stats.stale_updates, stats.invalid_updates) == (
            self.updates["stale"],
            self.updates["invalid"],
        )
        assert stats.throttled == self.throttled
        assert len(items) == stats.items == stats.inserted - stats.evicted
        keys = np.arange(self.first_key - 3, self.oracle.next_key + 3)
        slots, alive = rows.slots_of(keys)
        assert keys[alive].tolist() == list(items)
        assert rows.keys_of(slots[alive]).tolist() == list(items)
        expected = np.array(list(items.values()))
        np.testing.assert_allclose(self.selector.priorities(slots[alive]), expected, rtol=1e-5, atol=1e-5)
        mass = sum(priority + SMALLEST for priority in items.values())
        np.testing.assert_allclose(self.selector.mass, mass, rtol=1e-9, atol=1e-12)


TestTableAccounting = TableAccounting.TestCase
TestTableAccounting.settings = settings(max_examples=60)
