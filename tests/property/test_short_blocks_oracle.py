"""Blocks that are cut at any time say the same as full ones: a walk over the episodes is the oracle."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.fragment_writer import ActorIdentity, FragmentWriter
from replay.fragment import FragmentBlock
from replay.messages import Inserted
from replay.n_step import ReturnSpec
from replay.row import BOUNDARY
from replay.shard import Shard
from replay.wire import encode_block
from tests.property.test_n_step_oracle import KINDS, SPECS, STACKS, FrameKind, compare, expected_of, streams
from tests.support.builders import make_row, make_spec, make_uniform_table
from tests.support.streams import Episode, frames_of, numbers_of, rows_of

TASK = "toy"


def blocks_of_a_writer(
    made: list[list[Episode]], spec: ReturnSpec, stack: int, kind: FrameKind, starts: int, cut_after: set[int]
) -> tuple[list[FragmentBlock], int]:
    """Write streams in lockstep and cut after some of the rows; return the blocks, and the rows written."""
    rng = np.random.default_rng(0)
    rows_ET = [rows_of(stream, rng) for stream in made]
    shape = (stack, *kind.shape) if stack > 1 else kind.shape
    task = make_spec(TASK, shape, observation_dtype=kind.dtype, frame_stack=stack, num_actions=100)
    writer = FragmentWriter(task, ActorIdentity("toy-0", 1), len(made), starts, spec)
    blocks: list[FragmentBlock | None] = []
    count = min(map(len, rows_ET))
    for row in range(count):
        numbers, actions, rewards, flags = zip(*(rows[row] for rows in rows_ET), strict=True)
        frame_EO = frames_of(numbers, kind.shape, kind.dtype)
        q_EA = np.zeros((len(made), 100), np.float32)
        flags_E = np.array(flags, np.uint8)
        values = make_row(frame_EO, np.array(actions), np.array(rewards), flags_E)
        blocks.append(writer.append(values, q_EA, row))
        if row in cut_after:
            blocks.append(writer.cut())
    blocks.append(writer.cut())
    return [block for block in blocks if block is not None], count


@settings(max_examples=50)
@given(
    spec=SPECS,
    stack=STACKS,
    kind=KINDS,
    made=streams(),
    starts=st.integers(1, 12),
    cut_after=st.sets(st.integers(0, 80)),
    room=st.integers(0, 40),
    again=st.sets(st.integers(0, 40)),
)
def test_short_blocks_hold_the_definitions_transitions_each_once(
    spec: ReturnSpec,
    stack: int,
    kind: FrameKind,
    made: list[list[Episode]],
    starts: int,
    cut_after: set[int],
    room: int,
    again: set[int],
):
    """Through the wire, into a ring that wraps, some of them sent twice; the books stay exact."""
    blocks, count = blocks_of_a_writer(made, spec, stack, kind, starts, cut_after)
    expected = expected_of(made, spec, stack)
    table = make_uniform_table(
        num_rows=len(made) * (stack - 1 + starts + spec.n_step) + room,
        frame_shape=kind.shape,
        frame_dtype=kind.dtype,
        returns=spec,
        frame_stack=stack,
    )
    shard = Shard({TASK: table})
    sent = repeated = 0
    arrived: list[int] = []
    for number, block in enumerate(blocks):
        items = int(block.starts().sum())
        assert 1 <= block.num_starts <= starts
        assert shard.insert(encode_block(block)) == Inserted(items, 0)
        sent += items
        if number in again:
            assert shard.insert(encode_block(block)) == Inserted(0, 0)
            repeated += items
        assert shard.problem() is None
        numbers = numbers_of(block.rows["frames"], kind.shape)[:, block.lead : block.lead + block.num_starts]
        arrived += numbers[block.starts()].tolist()
        if table.num_items:
            assert compare(table, expected, spec, stack, kind) <= set(arrived)
    stats = table.stats()
    assert (stats.inserted, stats.dropped.get("duplicate", 0)) == (sent, repeated)
    rows_ET = [rows_of(stream, np.random.default_rng(0)) for stream in made]
    steps = [row[0] for rows in rows_ET for row in rows[: max(0, count - spec.n_step)] if row[3] != BOUNDARY]
    assert sorted(arrived) == sorted(steps)


@settings(max_examples=40)
@given(spec=SPECS, made=streams(), starts=st.integers(1, 12), cut_after=st.sets(st.integers(0, 80)))
def test_each_episode_is_told_once_wherever_blocks_are_cut(
    spec: ReturnSpec, made: list[list[Episode]], starts: int, cut_after: set[int]
):
    """With the return and the length of all its steps, the first of them in another block or not."""
    kind = FrameKind((), "float32")
    blocks, count = blocks_of_a_writer(made, spec, 1, kind, starts, cut_after)
    told = sorted(
        (int(length), float(total))
        for block in blocks
        for length, total in zip(block.episode_lengths, block.episode_returns, strict=True)
    )
    ended = []
    for stream in made:
        row = 0
        for episode in stream:
            row += episode.length + 1
            if row - 1 <= count and blocks:
                ended.append((episode.length, sum(episode.rewards)))
    assert told == sorted(ended)
