"""The fragment writer: every row is a start once, with the priority that a brute-force walk finds."""

from itertools import product

import numpy as np
import pytest

from actors.fragment_writer import ActorIdentity, FragmentWriter
from replay.messages import Inserted
from replay.n_step import ReturnSpec
from replay.row import BOUNDARY, TERMINATED, TRUNCATED
from replay.wire import encode_block
from tasks.errors import EnvironmentFailureError
from tests.support.builders import make_row, make_shard
from tests.unit.actors.scripted_stream import brute_force_priority, make_script, stacked_spec, write

SHAPES = [(1, 1), (4, 1), (4, 3), (2, 5), (8, 5)]
"""(starts, n_step), with overlaps shorter and longer than a block's own rows."""
STACKS = [1, 2, 4]
"""Frames of an observation; the lead is one less, and may be longer than a block's own rows."""


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize(("starts", "n_step"), SHAPES)
def test_every_row_is_a_start_exactly_once(starts: int, n_step: int, stack: int):
    """Starts of consecutive blocks continue each other without a gap or a repeat, stream by stream."""
    script = make_script(rows=60, streams=3, seed=1)
    blocks = write(script, starts, ReturnSpec(n_step, 0.9), stack)
    assert len(blocks) == (60 - n_step) // starts
    for stream in range(3):
        seen = [
            int(row)
            for block in blocks
            for row in block.rows["frames"][stream, block.lead : block.lead + block.num_starts, 1]
        ]
        assert seen == list(range(len(blocks) * starts))


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize(("starts", "n_step"), SHAPES)
def test_blocks_hold_lead_rows_starts_and_overlap(starts: int, n_step: int, stack: int):
    """All columns of a fragment are the script's rows, a stack's reach before the starts, n_step after."""
    script = make_script(rows=60, streams=3, seed=2)
    for number, block in enumerate(write(script, starts, ReturnSpec(n_step, 0.9), stack)):
        assert (block.lead, block.num_starts) == (stack - 1, starts)
        first, stop = number * starts - block.lead, number * starts + starts + n_step
        before = max(0, -first)
        rows = slice(max(0, first), stop)
        np.testing.assert_array_equal(block.rows["frames"][:, before:], script.frames[rows].swapaxes(0, 1))
        np.testing.assert_array_equal(block.rows["actions"][:, before:], script.actions[rows].T)
        np.testing.assert_array_equal(
            block.rows["rewards"][:, before:], script.rewards[rows].T.astype(np.float32)
        )
        np.testing.assert_array_equal(block.flags[:, before:], script.flags[rows].T)


@pytest.mark.parametrize("stack", STACKS[1:])
@pytest.mark.parametrize("starts", [1, 2, 8])
def test_before_a_streams_first_row_stand_boundary_rows(stack: int, starts: int):
    """A stack must not reach back beyond where the stream began; what stands there is no transition."""
    blocks = write(make_script(rows=60, streams=3, seed=12), starts, ReturnSpec(2, 0.9), stack)
    for number, block in enumerate(blocks):
        missing = max(0, stack - 1 - number * starts)
        assert (block.flags[:, :missing] == BOUNDARY).all()
        assert (block.rows["frames"][:, missing:, 1] >= 0).all()
        assert (block.rows["frames"][:, missing, 1] == number * starts - (stack - 1) + missing).all()
        assert (block.rows["frames"][:, :missing] == 0).all()


@pytest.mark.parametrize("settings", [{}, {"reward_scale": 0.5, "reward_clip": 0.7}])
@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize(("starts", "n_step"), SHAPES)
def test_priorities_are_the_n_step_td_errors(
    starts: int, n_step: int, stack: int, settings: dict[str, float]
):
    """Each start's priority equals a step-by-step walk over the script, except on boundary rows."""
    returns = ReturnSpec(n_step, 0.9, **settings)
    script = make_script(rows=60, streams=3, seed=3)
    compared = 0
    for number, block in enumerate(write(script, starts, returns, stack)):
        for stream in range(3):
            for start in range(starts):
                row = number * starts + start
                if not script.flags[row, stream] & BOUNDARY:
                    expected = brute_force_priority(script, stream, row, returns)
                    assert block.priorities[stream, start] == pytest.approx(expected, abs=1e-5)
                    compared += 1
    assert compared > 100


@pytest.mark.parametrize("stack", STACKS)
def test_boundary_rows_are_no_starts_but_stay_to_bootstrap_from(stack: int):
    """Every other row is an item of a real shard, and the count agrees."""
    script = make_script(rows=62, streams=3, seed=4)
    blocks = write(script, 4, ReturnSpec(2, 0.9), stack)
    shard = make_shard(num_rows=2000, frame_stack=stack)
    for block in blocks:
        answer = shard.insert(encode_block(block))
        assert answer == Inserted(int(block.starts().sum()), 0)
    rows = len(blocks) * 4
    expected = int((script.flags[:rows] != BOUNDARY).sum())
    assert 0 < expected < rows * 3
    assert shard.stats().tables["toy"].inserted == expected
    assert shard.problem() is None


def test_sequences_count_from_zero_under_one_identity():
    """Each block says who sent it, in which life, and its number in it."""
    blocks = write(make_script(rows=30, streams=2, seed=5), 4, ReturnSpec(2, 0.9))
    assert [block.sequence for block in blocks] == list(range(7))
    assert {(block.task, block.actor, block.life) for block in blocks} == {("toy", "toy-0", 3)}


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize(("starts", "n_step"), SHAPES)
def test_a_block_names_the_oldest_weights_of_its_starts(starts: int, n_step: int, stack: int):
    """The version is that of the first start, whatever lead and overlap were written under."""
    blocks = write(make_script(rows=40, streams=2, seed=6), starts, ReturnSpec(n_step, 0.9), stack)
    assert [block.weights_version for block in blocks] == [starts * i for i in range(len(blocks))]


def test_episode_returns_and_lengths_are_the_environments_own():
    """Raw rewards are summed from reset to end, over block borders; boundary rows add nothing.

    Each is told once, in the first block that has its last step.
    """
    script = make_script(rows=62, streams=3, seed=7)
    blocks = write(script, 4, ReturnSpec(2, 0.9, reward_scale=0.1, reward_clip=0.1), frame_stack=3)
    totals, lengths = np.zeros(3), np.zeros(3, int)
    count, first = 0, 0
    for block in blocks:
        stop = first + (6 if first == 0 else 4)
        expected = []
        for row, stream in product(range(first, stop), range(3)):
            flag = script.flags[row, stream]
            totals[stream] += script.rewards[row, stream] if flag != BOUNDARY else 0.0
            lengths[stream] += flag != BOUNDARY
            if flag & (TERMINATED | TRUNCATED):
                expected.append((lengths[stream], pytest.approx(totals[stream], abs=1e-5)))
                totals[stream] = lengths[stream] = 0
        found = sorted(zip(block.episode_lengths, block.episode_returns, strict=True))
        assert found == sorted(expected, key=lambda pair: (pair[0], pair[1].expected))
        count, first = count + len(found), stop
    assert count > 20


def test_a_block_does_not_change_with_what_is_written_next():
    """Its arrays are copies of the writer's buffers."""
    script = make_script(rows=60, streams=2, seed=8)
    first, second = write(script, 4, ReturnSpec(2, 0.9))[:2]
    assert first.rows["frames"][0, 0, 1] == 0
    assert second.rows["frames"][0, 0, 1] == 4
    assert not np.shares_memory(first.rows["frames"], second.rows["frames"])


@pytest.mark.parametrize("stack", STACKS)
def test_nothing_comes_before_a_block_is_full(stack: int):
    """starts + n_step rows make the first block, `starts` rows each further one, whatever the lead."""
    script = make_script(rows=20, streams=1, seed=9)
    writer = FragmentWriter(stacked_spec(stack), ActorIdentity("toy-0", 0), 1, 4, ReturnSpec(3, 0.9))
    full = [row for row in range(20) if writer.append(script.row(row), script.q[row], 0)]
    assert full == [6, 10, 14, 18]


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize(("starts", "n_step"), SHAPES)
def test_short_blocks_go_on_where_the_last_one_ended(starts: int, n_step: int, stack: int):
    """Wherever they are cut: together they have the starts, priorities and versions that full ones have."""
    script, returns = make_script(rows=60, streams=3, seed=13), ReturnSpec(n_step, 0.9)
    full = write(script, 1, returns, stack)
    short = write(script, starts, returns, stack, cut_after=(0, 1, 2, 7, 8, 11, 25, 26, 27, 28, 40, 59))
    assert [block.sequence for block in short] == list(range(len(short)))
    assert len({block.num_starts for block in short}) > (starts > 1)
    starts_of = [block.rows["frames"][:, block.lead : block.lead + block.num_starts, 1] for block in short]
    rows = np.concatenate(starts_of, axis=1)
    assert rows.tolist() == [list(range(60 - n_step))] * 3
    np.testing.assert_allclose(
        np.concatenate([block.priorities for block in short], axis=1),
        np.concatenate([block.priorities for block in full], axis=1),
        rtol=1e-5,
    )
    assert [block.weights_version for block in short] == [int(first[0, 0]) for first in starts_of]
    assert all(block.rows["actions"].shape == (3, stack - 1 + block.num_starts + n_step) for block in short)


def test_nothing_is_cut_that_is_no_start_yet():
    """n_step rows after a start have to be there, at first and after each block."""
    script = make_script(rows=20, streams=1, seed=9)
    writer = FragmentWriter(stacked_spec(2), ActorIdentity("toy-0", 0), 1, 4, ReturnSpec(3, 0.9))
    assert writer.cut() is None
    lengths = []
    for row in range(7):
        assert writer.append(script.row(row), script.q[row], 0) is None
        block = writer.cut()
        assert writer.cut() is None
        lengths.append(0 if block is None else block.num_starts)
    assert lengths == [0, 0, 0, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("reward", "flag", "q", "scale"),
    [(1e38, 0, 0.0, 1e3), (3e38, 0, 3e38, 1.0), (0.0, 0, np.nan, 1.0), (3e38, TERMINATED, 0.0, 1e-37)],
)
def test_numbers_that_are_too_large_to_calculate_with_are_told(
    reward: float, flag: int, q: float, scale: float
):
    """Each is finite itself, or comes of an observation that is; a shard would refuse the block."""
    spec = stacked_spec(1)
    writer = FragmentWriter(spec, ActorIdentity("toy-0", 0), 1, 4, ReturnSpec(1, 0.9, reward_scale=scale))
    frame_EO = np.full((1, *spec.frame_shape), 7, np.float32)
    q_EA = np.full((1, spec.choices.total), q, np.float32)

    def rows() -> None:
        for number in range(5):
            flags_E = np.full(1, flag if number else 0, np.uint8)
            row = make_row(frame_EO, np.zeros(1, np.int64), np.full(1, reward), flags_E)
            writer.append(row, q_EA, 1)

    with pytest.raises(EnvironmentFailureError, match=r"'toy'.* as large as 7.*tasks\.toy\.reward_scale"):
        rows()
