"""What a table hands out equals what a walk over the episodes says, through real blocks and rings."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from learner.batch_source import split_windows
from replay.messages import Sampled
from replay.n_step import ReturnSpec
from replay.table import Table
from replay.windows import window_length
from tests.support.builders import make_uniform_table
from tests.support.streams import (
    ENDS,
    Episode,
    Transition,
    blocks_of,
    frames_of,
    make_stream,
    numbers_of,
    oracle,
    reaches_of,
)

DRAWS = 150
SPECS = st.builds(
    ReturnSpec,
    n_step=st.integers(1, 6),
    discount=st.sampled_from([0.5, 0.9, 0.99, 1.0]),
    reward_scale=st.sampled_from([1.0, 0.25, 3.0]),
    reward_clip=st.sampled_from([None, 1.0, 4.0]),
)
STACKS = st.integers(1, 5)


@dataclass(frozen=True)
class FrameKind:
    """Shape and dtype of frames."""

    shape: tuple[int, ...]
    dtype: str


KINDS = st.sampled_from(
    [
        FrameKind((), "float32"),
        FrameKind((2,), "float32"),
        FrameKind((3,), "float32"),
        FrameKind((5,), "uint8"),
        FrameKind((2, 3), "uint8"),
        FrameKind((4, 4, 1), "uint8"),
    ]
)
"""Rows of 1, 2, 4 and 8 bytes' multiples: they are copied in words of those sizes."""


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


def expected_of(
    made: list[list[Episode]], spec: ReturnSpec, stack: int, **limits: Any
) -> dict[int, Transition]:
    return {number: t for stream in made for number, t in oracle(spec, stream, stack, **limits).items()}


def shown(stacks: torch.Tensor, stack: int, kind: FrameKind) -> NDArray[Any]:
    """Return stacks as frames (B, stack, *shape), also those of one."""
    return stacks.numpy().reshape(len(stacks), stack, *kind.shape)


def compare(
    table: Table, expected: dict[int, Transition], spec: ReturnSpec, stack: int, kind: FrameKind
) -> set[int]:
    """Draw a large batch, hold each item against the oracle, return the frames drawn from."""
    sampled = table.sample(DRAWS)
    assert isinstance(sampled, Sampled)
    windows = torch.from_numpy(sampled.columns["windows"])
    assert windows.shape[1] == window_length(stack, spec.n_step)
    obs, next_obs = (
        shown(part, stack, kind)
        for part in split_windows(windows, sampled.columns["bootstrap_starts"], stack)
    )
    numbers = numbers_of(obs[:, -1], kind.shape).tolist()
    wanted = [expected[number] for number in numbers]
    assert [t.action for t in wanted] == sampled.columns["actions"].tolist()
    np.testing.assert_allclose(
        sampled.columns["rewards_n"], [t.reward_n for t in wanted], rtol=1e-5, atol=1e-5
    )
    np.testing.assert_allclose(sampled.columns["discounts_n"], [t.discount_n for t in wanted], rtol=1e-6)
    np.testing.assert_array_equal(frames_of([t.stack for t in wanted], kind.shape, kind.dtype), obs)
    goes_on = sampled.columns["discounts_n"] > 0
    next_stacks = frames_of([t.next_stack for t in wanted], kind.shape, kind.dtype)
    np.testing.assert_array_equal(next_stacks[goes_on], next_obs[goes_on])
    return set(numbers)


@settings(max_examples=50)
@given(
    spec=SPECS,
    stack=STACKS,
    kind=KINDS,
    made=streams(),
    starts=st.integers(1, 7),
    more=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    room=st.integers(0, 40),
)
def test_every_sampled_transition_is_the_definitions_on_the_uncut_stream(
    spec: ReturnSpec,
    stack: int,
    kind: FrameKind,
    made: list[list[Episode]],
    starts: int,
    more: tuple[int, int],
    room: int,
):
    """From fragments that carry enough, in a ring that wraps many times, after every insertion."""
    lead, overlap = stack - 1 + more[0], spec.n_step + more[1]
    blocks = blocks_of(made, starts, overlap, np.random.default_rng(0), lead, kind.shape, kind.dtype)
    expected = expected_of(made, spec, stack)
    table = make_uniform_table(
        num_rows=len(made) * (lead + starts + overlap) + room,
        frame_shape=kind.shape,
        frame_dtype=kind.dtype,
        returns=spec,
        frame_stack=stack,
    )
    arrived: set[int] = set()
    for block in blocks:
        assert table.problem_with(block) is None
        table.insert(block, 0)
        assert table.problem() is None
        numbers = numbers_of(block.rows["frames"], kind.shape)[:, lead : lead + starts]
        arrived |= set(numbers[block.starts()].tolist())
        if table.num_items:
            assert compare(table, expected, spec, stack, kind) <= arrived


@settings(max_examples=60)
@given(
    spec=SPECS,
    stack=STACKS,
    kind=KINDS,
    made=streams(),
    starts=st.integers(1, 7),
    lead=st.integers(0, 4),
    overlap=st.integers(1, 6),
)
def test_a_fragment_serves_any_stack_and_any_number_of_steps(
    spec: ReturnSpec,
    stack: int,
    kind: FrameKind,
    made: list[list[Episode]],
    starts: int,
    lead: int,
    overlap: int,
):
    """Less than it carries, or more: returns then bootstrap at its end, stacks repeat its oldest frame."""
    blocks = blocks_of(made, starts, overlap, np.random.default_rng(0), lead, kind.shape, kind.dtype)
    expected = expected_of(made, spec, stack, reaches=reaches_of(blocks, kind.shape))
    table = make_uniform_table(
        num_rows=2000,
        frame_shape=kind.shape,
        frame_dtype=kind.dtype,
        returns=spec,
        frame_stack=stack,
    )
    for block in blocks:
        table.insert(block, 0)
    if table.num_items:
        compare(table, expected, spec, stack, kind)


@settings(max_examples=30)
@given(spec=SPECS, made=streams(), starts=st.integers(1, 7), lead=st.integers(0, 3))
def test_every_start_of_a_stream_can_be_drawn_once_it_arrived(
    spec: ReturnSpec, made: list[list[Episode]], starts: int, lead: int
):
    """In a table large enough for everything, items are exactly the steps, each of them once."""
    blocks = blocks_of(made, starts, spec.n_step, np.random.default_rng(0), lead)
    table = make_uniform_table(num_rows=4000, frame_shape=(), returns=spec)
    numbers = []
    for block in blocks:
        table.insert(block, 0)
        numbers += block.rows["frames"][:, lead : lead + starts][block.starts()].astype(int).tolist()
    assert len(numbers) == len(set(numbers)) == table.num_items
    assert set(numbers) <= set(expected_of(made, spec, 1))
    ring = table.rows
    _, alive = ring.slots_of(np.arange(ring.next_key))
    assert sorted(numbers) == sorted(ring.columns["frames"][: ring.next_key][alive].astype(int).tolist())
