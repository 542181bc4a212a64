"""The fragment writer: every row is a start once, with the priority that a brute-force walk finds."""

import numpy as np
import pytest

from actors.fragment_writer import ActorIdentity, FragmentWriter
from replay.fragment import BOUNDARY, TERMINATED, TRUNCATED
from replay.messages import Inserted
from replay.n_step import ReturnSpec
from replay.wire import encode_block
from tests.support.builders import make_shard, make_spec
from tests.unit.actors.scripted_stream import brute_force_priority, make_script, write

SHAPES = [(1, 1), (4, 1), (4, 3), (2, 5), (8, 5)]
"""(starts, n_step), with overlaps shorter and longer than a block's own rows."""


@pytest.mark.parametrize(("starts", "n_step"), SHAPES)
def test_every_row_is_a_start_exactly_once(starts, n_step):
    """Starts of consecutive blocks continue each other without a gap or a repeat, stream by stream."""
    script = make_script(rows=60, streams=3, seed=1)
    blocks = write(script, starts, ReturnSpec(n_step, 0.9))
    assert len(blocks) == (60 - n_step) // starts
    for stream in range(3):
        seen = [int(row) for block in blocks for row in block.observations[stream, : block.num_starts, 1]]
        assert seen == list(range(len(blocks) * starts))


@pytest.mark.parametrize(("starts", "n_step"), SHAPES)
def test_blocks_hold_the_rows_and_their_overlap(starts, n_step):
    """All columns of a fragment are the script's rows, `n_step` of them beyond the starts."""
    script = make_script(rows=60, streams=3, seed=2)
    for number, block in enumerate(write(script, starts, ReturnSpec(n_step, 0.9))):
        rows = slice(number * starts, number * starts + starts + n_step)
        np.testing.assert_array_equal(block.observations, script.observations[rows].swapaxes(0, 1))
        np.testing.assert_array_equal(block.actions, script.actions[rows].T)
        np.testing.assert_array_equal(block.rewards, script.rewards[rows].T.astype(np.float32))
        np.testing.assert_array_equal(block.flags, script.flags[rows].T)
        assert block.num_starts == starts


@pytest.mark.parametrize("settings", [{}, {"reward_scale": 0.5, "reward_clip": 0.7}])
@pytest.mark.parametrize(("starts", "n_step"), SHAPES)
def test_priorities_are_the_n_step_td_errors(starts, n_step, settings):
    """Each start's priority equals a step-by-step walk over the script, except on boundary rows."""
    returns = ReturnSpec(n_step, 0.9, **settings)
    script = make_script(rows=60, streams=3, seed=3)
    compared = 0
    for number, block in enumerate(write(script, starts, returns)):
        for stream in range(3):
            for start in range(starts):
                row = number * starts + start
                if not script.flags[row, stream] & BOUNDARY:
                    expected = brute_force_priority(script, stream, row, returns)
                    assert block.priorities[stream, start] == pytest.approx(expected, abs=1e-5)
                    compared += 1
    assert compared > 100


def test_boundary_rows_are_no_starts_but_stay_to_bootstrap_from():
    """Every other row is an item of a real shard, and the count agrees."""
    script = make_script(rows=62, streams=3, seed=4)
    blocks = write(script, 4, ReturnSpec(2, 0.9))
    shard = make_shard(num_rows=2000)
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
    assert {(block.task, block.actor, block.incarnation) for block in blocks} == {("toy", "toy-0", 3)}


@pytest.mark.parametrize(("starts", "n_step"), SHAPES)
def test_a_block_names_the_oldest_weights_of_its_rows(starts, n_step):
    """The version is that of the first row, also where overlap was written under newer weights."""
    blocks = write(make_script(rows=40, streams=2, seed=6), starts, ReturnSpec(n_step, 0.9))
    assert [block.weights_version for block in blocks] == [starts * i for i in range(len(blocks))]


def test_episode_returns_and_lengths_are_the_environments_own():
    """Raw rewards are summed from reset to end, over block borders; boundary rows add nothing."""
    script = make_script(rows=62, streams=3, seed=7)
    blocks = write(script, 4, ReturnSpec(2, 0.9, reward_scale=0.1, reward_clip=0.1))
    expected = []
    totals, lengths = np.zeros(3), np.zeros(3, int)
    for row in range(len(blocks) * 4 + 2):
        for stream in range(3):
            flag = script.flags[row, stream]
            if flag & BOUNDARY:
                continue
            totals[stream] += script.rewards[row, stream]
            lengths[stream] += 1
            if flag & (TERMINATED | TRUNCATED):
                expected.append((totals[stream], lengths[stream]))
                totals[stream] = lengths[stream] = 0
    found = [p for b in blocks for p in zip(b.episode_returns, b.episode_lengths, strict=True)]
    assert len(found) == len(expected) > 20
    for (total, length), (expected_total, expected_length) in zip(found, expected, strict=True):
        assert total == pytest.approx(expected_total, abs=1e-5)
        assert length == expected_length


def test_a_block_does_not_change_with_what_is_written_next():
    """Its arrays are copies of the writer's buffers."""
    script = make_script(rows=60, streams=2, seed=8)
    first, second = write(script, 4, ReturnSpec(2, 0.9))[:2]
    assert first.observations[0, 0, 1] == 0
    assert second.observations[0, 0, 1] == 4
    assert not np.shares_memory(first.observations, second.observations)


def test_nothing_comes_before_a_block_is_full():
    """starts + n_step rows make the first block, `starts` rows each further one."""
    script = make_script(rows=20, streams=1, seed=9)
    writer = FragmentWriter(make_spec(), ActorIdentity("toy-0", 0), 1, 4, ReturnSpec(3, 0.9))
    full = [
        row
        for row in range(20)
        if writer.append(
            script.observations[row],
            script.actions[row],
            script.rewards[row],
            script.flags[row],
            script.q[row],
            0,
        )
    ]
    assert full == [6, 10, 14, 18]
