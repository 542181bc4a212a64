"""What a table hands out equals what a walk over the episodes says, through real blocks and rings."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.fragment import BOUNDARY
from replay.messages import Sampled
from replay.n_step import ReturnSpec
from replay.table import Table
from tests.support.builders import make_uniform_table
from tests.support.streams import ENDS, Episode, Transition, blocks_of, make_stream, oracle

SPECS = st.builds(
    ReturnSpec,
    n_step=st.integers(1, 5),
    discount=st.sampled_from([0.5, 0.9, 0.99, 1.0]),
    reward_scale=st.sampled_from([1.0, 0.25, 3.0]),
    reward_clip=st.sampled_from([None, 1.0, 4.0]),
)


@st.composite
def streams(draw: st.DrawFn) -> list[list[Episode]]:
    """One to three streams of episodes of one to nine steps, with every kind of end."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    made = []
    for number in range(draw(st.integers(1, 3))):
        episodes = draw(
            st.lists(st.tuples(st.integers(1, 9), st.sampled_from(ENDS)), min_size=8, max_size=20)
        )
        lengths, flags = zip(*episodes, strict=True)
        made.append(make_stream(1000 * number, list(lengths), list(flags), rng))
    return made


def compare(table: Table, expected: dict[int, Transition]) -> set[int]:
    """Draw a large batch, hold each item against the oracle, return the observations drawn from."""
    sampled = table.sample(200)
    assert isinstance(sampled, Sampled)
    wanted = [expected[observation] for observation in sampled.observations.astype(int).tolist()]
    assert [t.action for t in wanted] == sampled.actions.tolist()
    np.testing.assert_allclose(sampled.rewards_n, [t.reward_n for t in wanted], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(sampled.discounts_n, [t.discount_n for t in wanted], rtol=1e-6)
    assert [t.next_observation for t in wanted] == sampled.next_observations.astype(int).tolist()
    return set(sampled.observations.astype(int).tolist())


@settings(max_examples=60)
@given(
    spec=SPECS,
    made=streams(),
    starts=st.integers(1, 7),
    more_overlap=st.integers(0, 2),
    room=st.integers(0, 40),
)
def test_every_sampled_transition_is_the_oracles(
    spec: ReturnSpec, made: list[list[Episode]], starts: int, more_overlap: int, room: int
):
    """In a ring that wraps many times, after every insertion."""
    overlap = spec.n_step + more_overlap
    blocks = blocks_of(made, starts, overlap, np.random.default_rng(0))
    expected = {number: t for stream in made for number, t in oracle(spec, stream).items()}
    table = make_uniform_table(
        num_rows=len(made) * (starts + overlap) + room, overlap=overlap, obs_shape=(), returns=spec
    )
    arrived: set[int] = set()
    for block in blocks:
        assert table.problem_with(block) is None
        table.insert(block, 0)
        assert table.problem() is None
        arrived |= set(block.observations[:, : block.num_starts][block.starts()].astype(int).tolist())
        if table.stats().items:
            assert compare(table, expected) <= arrived


@settings(max_examples=30)
@given(spec=SPECS, made=streams(), starts=st.integers(1, 7))
def test_every_start_of_a_stream_can_be_drawn_once_it_arrived(
    spec: ReturnSpec, made: list[list[Episode]], starts: int
):
    """In a table large enough for everything, items are exactly the steps, each of them once."""
    overlap = spec.n_step
    blocks = blocks_of(made, starts, overlap, np.random.default_rng(0))
    table = make_uniform_table(num_rows=4000, overlap=overlap, obs_shape=(), returns=spec)
    numbers = []
    for block in blocks:
        table.insert(block, 0)
        is_step = (block.flags[:, :starts] & BOUNDARY) == 0
        numbers += block.observations[:, :starts][is_step].astype(int).tolist()
    expected = {number: t for stream in made for number, t in oracle(spec, stream).items()}
    assert len(numbers) == len(set(numbers)) == table.stats().items
    assert set(numbers) <= set(expected)
    ring = table._rows
    assert sorted(numbers) == sorted(ring.observations[ring.keys >= 0].astype(int).tolist())
