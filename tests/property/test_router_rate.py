"""The rate over several shards: inserts and samples stay in proportion, and never stop, in any order."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from replay.messages import Inserted
from replay.rate_limiter import RateLimiter, smallest_error_buffer
from tests.support.builders import make_block, make_router, make_shard
from tests.support.shard_clients import MortalShardClient

RATIOS = st.integers(1, 80).map(lambda eighths: eighths / 8)
ROUNDS = 3
"""How often everyone may try in vain: a pace is heard of with one question, and used after it."""


class Run:
    """Actors that fill shards as far as these let them, and a learner that draws as fast as it may.

    Shards know how far they may go from the router alone; what it knows of them it knows from answers.
    """

    def __init__(self, limiter: RateLimiter, shards: int, insert_size: int, sample_size: int) -> None:
        self.limiter = limiter
        self.insert_size, self.sample_size = insert_size, sample_size
        rows = 3 * (insert_size + 1)
        made = [make_shard(num_rows=rows, frame_shape=(), insert_until=0) for _ in range(shards)]
        self.tables = [shard.tables["toy"] for shard in made]
        self.clients = [MortalShardClient(shard) for shard in made]
        self.router = make_router(self.clients, limiter=limiter)
        self.block = make_block(streams=1, starts=insert_size, overlap=1, frame_shape=())
        self.samples = 0

    @property
    def inserts(self) -> int:
        """Transitions that went in, on whatever shard."""
        return sum(table.progress().inserted for table in self.tables)

    @property
    def balance(self) -> float:
        """What the limiter keeps in a band, from the middle of that band."""
        ratio = self.limiter.samples_per_insert or 0.0
        return (self.inserts - self.limiter.min_size_to_sample) * ratio - self.samples

    def insert(self, shard: int) -> bool:
        """Send a block to a shard; return whether it went in."""
        return isinstance(self.tables[shard].insert(self.block, 0), Inserted)

    def take_over(self) -> None:
        """Let another learner go on with the shards as they are: it knows of them what they count."""
        for client in self.clients:
            client.open = True
        self.router = make_router(self.clients, limiter=self.limiter)
        sampled = sum(table.stats().sampled for table in self.tables)
        assert sampled == self.samples
        self.router.take_over("toy", restored=0, sampled=sampled)

    def draw(self) -> bool:
        """Ask for a batch; return whether it came."""
        draw = self.router.request("toy", self.sample_size, 0)
        if draw is None:
            return False
        for client in self.clients:
            client.open = True
        assert self.router.collect(draw) is not None
        self.samples += self.sample_size
        return True


@st.composite
def runs(draw: st.DrawFn, least_shards: int, most_shards: int) -> Run:
    """A run with any buffer from the smallest on."""
    ratio, shards = draw(RATIOS), draw(st.integers(least_shards, most_shards))
    insert_size, sample_size = draw(st.integers(1, 20)), draw(st.integers(1, 60))
    buffer = smallest_error_buffer(ratio, insert_size, sample_size, shards) * draw(
        st.sampled_from([1.0, 4.0])
    )
    limiter = RateLimiter(ratio, draw(st.integers(1, 100)), buffer)
    return Run(limiter, shards, insert_size, sample_size)


SEEDS = st.integers(0, 2**32 - 1)


def interleave(run: Run, seed: int, steps: int = 150) -> tuple[float, float]:
    """Let actors, learner and late answers take turns; return the least and the largest balance.

    Before the minimum is there nothing may be drawn, and the balance does not count.
    """
    rng = np.random.default_rng(seed)
    least, largest = 0.0, 0.0
    for step in rng.choice(["insert", "draw", "delay"], steps, p=[0.5, 0.3, 0.2]):
        shard = int(rng.integers(len(run.tables)))
        if step == "insert":
            run.insert(shard)
        elif step == "draw":
            run.draw()
        else:
            run.clients[shard].open = not run.clients[shard].open
        largest = max(largest, run.balance)
        if run.inserts >= run.limiter.min_size_to_sample:
            least = min(least, run.balance)
        else:
            assert run.samples == 0
    return least, largest


@settings(max_examples=60)
@given(run=runs(1, 5), seed=SEEDS)
def test_samples_never_run_ahead(run: Run, seed: int):
    """However late answers are: the balance never falls below its band, and nothing is drawn too early."""
    least, _ = interleave(run, seed)
    assert least >= -run.limiter.error_buffer


@settings(max_examples=40)
@given(run=runs(1, 1), seed=SEEDS)
def test_inserts_never_run_ahead_on_one_shard(run: Run, seed: int):
    """The balance never rises above its band."""
    _, largest = interleave(run, seed)
    assert largest <= run.limiter.error_buffer


@settings(max_examples=60)
@given(run=runs(2, 5), seed=SEEDS)
def test_inserts_never_run_ahead_on_several_shards(run: Run, seed: int):
    """Not even where one shard is let on while another has yet to use what it was allowed."""
    _, largest = interleave(run, seed)
    assert largest <= run.limiter.error_buffer


@settings(max_examples=60)
@given(run=runs(1, 5), seeds=st.lists(SEEDS, min_size=2, max_size=4))
def test_a_learner_that_takes_over_keeps_the_rate(run: Run, seeds: list[int]):
    """However often: samples stay within the band, and everyone can go on.

    Of several shards each may still use what the learner before granted it, so that inserts may be ahead by
    as much again.
    """
    most = run.limiter.error_buffer * (1 if len(run.tables) == 1 else 2)
    for seed in seeds:
        least, largest = interleave(run, seed, steps=60)
        assert -run.limiter.error_buffer <= least
        assert largest <= most
        run.take_over()
    before = run.inserts, run.samples
    for _ in range(ROUNDS * (run.limiter.min_size_to_sample + 60)):
        run.draw()
        for shard in range(len(run.tables)):
            run.insert(shard)
    assert run.inserts > before[0]
    assert run.samples > before[1]


def test_a_shard_that_wakes_up_late_does_not_overrun_the_rate():
    """One shard is filled as far as it goes, then the other: together they keep to the band."""
    limiter = RateLimiter(samples_per_insert=2.0, min_size_to_sample=40, error_buffer=40.0)
    run = Run(limiter, shards=2, insert_size=4, sample_size=8)
    for shard in (0, 1):
        for _ in range(20):
            run.draw()
            while run.insert(shard):
                pass
            assert run.balance <= limiter.error_buffer


@settings(max_examples=60)
@given(
    ratio=RATIOS,
    shards=st.integers(1, 5),
    actors=st.lists(st.integers(0, 59), min_size=1, max_size=6),
    insert_size=st.integers(1, 40),
    sample_size=st.integers(1, 80),
    minimum=st.integers(1, 200),
    learner_first=st.booleans(),
)
@example(ratio=1.0, shards=3, actors=[0], insert_size=1, sample_size=80, minimum=200, learner_first=True)
def test_inserts_and_samples_go_on_forever_at_the_smallest_buffer(
    ratio: float,
    shards: int,
    actors: list[int],
    insert_size: int,
    sample_size: int,
    minimum: int,
    learner_first: bool,
):
    """Wherever the actors send to, all of them to one of several shards included."""
    buffer = smallest_error_buffer(ratio, insert_size, sample_size, shards)
    run = Run(RateLimiter(ratio, minimum, buffer), shards, insert_size, sample_size)
    in_vain = 0
    for _ in range(60):
        moved = run.draw() if learner_first else False
        for actor in actors:
            moved |= run.insert(actor % shards)
        moved |= run.draw()
        in_vain = 0 if moved else in_vain + 1
        assert in_vain < ROUNDS, f"stuck at {run.inserts} inserts and {run.samples} samples"


@pytest.mark.parametrize("ratio", [0.5, 8.0])
@pytest.mark.parametrize(
    ("shards", "actors"),
    [(1, [0]), (2, [0, 1]), (2, [1]), (3, [0, 0, 0, 1, 2]), (5, [0, 1, 2, 3, 4]), (5, [3])],
    ids=["one", "two", "one of two", "uneven", "five", "one of five"],
)
def test_the_measured_ratio_is_the_one_that_was_asked_for(shards: int, actors: list[int], ratio: float):
    """In the long run, whoever is faster, but for the width of the band."""
    buffer = 2 * smallest_error_buffer(ratio, insert_size=8, sample_size=64, shards=shards)
    run = Run(RateLimiter(ratio, 100, buffer), shards, insert_size=8, sample_size=64)
    rng = np.random.default_rng(0)
    for _ in range(6000):
        if rng.random() < 0.5:
            run.insert(actors[rng.integers(len(actors))])
        else:
            run.draw()
    assert run.inserts > 3000
    tolerance = 2 * buffer / ((run.inserts - 100) * ratio)
    assert run.samples / (run.inserts - 100) == pytest.approx(ratio, rel=tolerance)
    assert tolerance < 0.2
