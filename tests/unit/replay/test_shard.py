"""A shard: refusals with their sentences, repeats, lives, acknowledgements, the in-process client."""

import numpy as np
import pytest

from replay.client import LocalShardClient
from replay.fragment import FragmentBlock
from replay.messages import Inserted, NotReady, Pace, Refused, Sampled, TableProgress, Throttled
from replay.rate_limiter import NO_LIMIT
from replay.wire import encode_block
from tests.support.builders import FREELY, MANY_ACTIONS, changed, make_block, make_shard, make_table, tampered

NAN = float("nan")


def with_value(block: FragmentBlock, column: str, value: float) -> FragmentBlock:
    values = (block.rows[column] if column in block.rows else getattr(block, column)).copy()
    values.flat[3] = value
    return changed(block, **{column: values})


BLOCK = make_block()
REFUSED = {
    "unknown task": (make_block("pong"), "no table for task 'pong'; this shard has ['toy']"),
    "frame dtype": (
        make_block(frame_dtype="uint8"),
        "frames is uint8[2, 6, 3], expected float32[2, 6, 3]",
    ),
    "frame shape": (
        make_block(frame_shape=(4,)),
        "frames is float32[2, 6, 4], expected float32[2, 6, 3]",
    ),
    "frame dimensions": (make_block(frame_shape=(3, 1)), "frames have 4 dimensions, not 3"),
    "action dtype": (
        changed(BLOCK, actions=BLOCK.rows["actions"].astype(np.float32)),
        "actions is float32[2, 6], expected int32[2, 6]",
    ),
    "reward shape": (
        changed(BLOCK, rewards=BLOCK.rows["rewards"][:, :5]),
        "rewards is float32[2, 5], expected float32[2, 6]",
    ),
    "flags dtype": (
        changed(BLOCK, flags=BLOCK.flags.astype(np.int32)),
        "flags is int32[2, 6], expected uint8[2, 6]",
    ),
    "priorities of other streams": (
        changed(BLOCK, priorities=BLOCK.priorities[:1]),
        "priorities is float32[1, 4], expected float32[2, 4]",
    ),
    "flat priorities": (
        changed(BLOCK, priorities=BLOCK.priorities.reshape(-1)),
        "priorities have 1 dimensions, not 2",
    ),
    "no overlap": (
        make_block(overlap=0),
        "fragments of 4 rows have none after 0 rows of lead and 4 starts to bootstrap from",
    ),
    "lead beyond the rows": (
        changed(BLOCK, lead=2**61),
        f"fragments of 6 rows have none after {2**61} rows of lead and 4 starts to bootstrap from",
    ),
    "lead that leaves no overlap": (
        changed(BLOCK, lead=2),
        "fragments of 6 rows have none after 2 rows of lead and 4 starts to bootstrap from",
    ),
    "no starts": (make_block(starts=0), "block of 2 fragments with 0 starts each holds no start"),
    "no streams": (make_block(streams=0), "block of 0 fragments with 4 starts each holds no start"),
    "episodes": (
        changed(BLOCK, episode_returns=np.ones(2, np.float32)),
        "episode_returns is float32[2], expected float32[0]",
    ),
    "NaN priority": (
        with_value(BLOCK, "priorities", NAN),
        "priorities hold a value that is not finite",
    ),
    "infinite priority": (
        with_value(BLOCK, "priorities", float("inf")),
        "priorities hold a value that is not finite",
    ),
    "negative priority": (
        with_value(BLOCK, "priorities", -1.0),
        "priorities hold a negative value",
    ),
    "NaN frame": (with_value(BLOCK, "frames", NAN), "frames hold a value that is not finite"),
    "NaN return": (
        changed(BLOCK, episode_returns=np.full(1, NAN, np.float32), episode_lengths=np.ones(1, np.int32)),
        "episode_returns hold a value that is not finite",
    ),
    "negative action": (
        with_value(BLOCK, "actions", -1),
        f"actions hold a value outside 0 .. {MANY_ACTIONS - 1}",
    ),
    "action outside the set": (
        with_value(BLOCK, "actions", MANY_ACTIONS),
        f"actions hold a value outside 0 .. {MANY_ACTIONS - 1}",
    ),
    "unknown flag": (with_value(BLOCK, "flags", 8), "flags hold a value that is no sum of the known ones"),
    "NaN reward": (with_value(BLOCK, "rewards", NAN), "rewards hold a value that is not finite"),
    "infinite reward": (
        with_value(BLOCK, "rewards", float("inf")),
        "rewards hold a value that is not finite",
    ),
    "too large": (make_block(streams=9), "block of 54 rows is larger than its table of 48"),
}


@pytest.mark.parametrize(("block", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_a_block_that_does_not_fit_is_refused_with_a_sentence(block: FragmentBlock, sentence: str):
    """The sentence says what was found and what is expected; the refusal is counted, the table untouched."""
    shard = make_shard()
    assert shard.insert(encode_block(block)) == Refused(sentence)
    stats = shard.stats()
    assert (stats.refused_blocks, stats.tables["toy"].inserted) == (1, 0)
    assert shard.insert(encode_block(BLOCK)) == Inserted(8, 0)


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x93\x01\x02\x03", b"not msgpack at all", b"\x80" * 100])
def test_bytes_that_are_no_message_are_refused(data: bytes):
    """A stranger's bytes are answered, never raised."""
    shard = make_shard()
    assert isinstance(shard.insert(data), Refused)
    assert shard.stats().refused_blocks == 1


def test_a_message_that_does_not_keep_the_format_is_refused_with_the_decoders_sentence():
    """What `decode_block` complains of is what the sender reads."""
    answer = make_shard().insert(tampered(BLOCK, format=1))
    assert answer == Refused("message format is not 2")


@pytest.mark.parametrize("version", [2**31 - 1, 2**31, 2**62 - 1])
def test_a_weights_version_beyond_what_a_table_holds_is_answered(version: int):
    """The largest that fits is taken in as it is; a larger one is no reason to fail."""
    shard = make_shard()
    answer = shard.insert(encode_block(make_block(weights_version=version)))
    assert isinstance(answer, Inserted if version < 2**31 else Refused)
    assert shard.problem() is None
    if version < 2**31:
        sampled = shard.sample("toy", 4, FREELY)
        assert isinstance(sampled, Sampled)
        assert set(sampled.columns["weights_versions"].tolist()) == {version}


def test_a_repeated_block_is_acknowledged_and_inserted_once():
    """Senders may retry: the repeat counts as a duplicate, in transitions."""
    shard = make_shard()
    answers = [shard.insert(encode_block(BLOCK)) for _ in range(3)]
    assert answers == [Inserted(8, 0), Inserted(0, 0), Inserted(0, 0)]
    stats = shard.stats().tables["toy"]
    assert (stats.inserted, stats.dropped) == (8, {"duplicate": 16})


def test_a_block_of_an_earlier_life_is_dropped_and_counted():
    """A late message of a dead actor does not come in after its successor's."""
    shard = make_shard()
    shard.insert(encode_block(make_block(life=2)))
    assert shard.insert(encode_block(make_block(life=1, sequence=7))) == Inserted(0, 0)
    assert shard.stats().tables["toy"].dropped == {"superseded": 8}


def test_a_throttled_block_may_be_sent_again():
    """Being held back does not make it a duplicate; the pace that comes with a sample lets it in."""
    shard = make_shard(insert_until=15)
    shard.insert(encode_block(BLOCK))
    held_back = encode_block(make_block(sequence=1))
    assert shard.insert(held_back) == Throttled()
    shard.sample("toy", 7, Pace(weights_version=0, insert_until=16))
    assert shard.insert(held_back) == Inserted(8, 0)


def test_a_late_block_of_a_life_is_inserted_once_in_whatever_order():
    """Two blocks that overtook each other are both in; then both are duplicates."""
    shard = make_shard()
    messages = [encode_block(make_block(sequence=sequence)) for sequence in (7, 6, 6, 7)]
    assert [shard.insert(message) for message in messages] == [Inserted(items, 0) for items in (8, 8, 0, 0)]
    assert shard.stats().items_by_life == {("toy-0", 1): 16}


def test_following_a_pace_answers_how_the_task_stands():
    """Inserted, items and mass; the bound moves for this task alone."""
    shard = make_shard(("a", "b"), insert_until=0)
    assert shard.follow("a", Pace(0, 8)) == TableProgress(0, 0, 0.0)
    assert shard.insert(encode_block(make_block("a"))) == Inserted(8, 0)
    assert shard.insert(encode_block(make_block("b"))) == Throttled()
    progress = shard.follow("a", Pace(0, 0))
    assert (progress.inserted, progress.items) == (8, 8)
    assert progress.mass == shard.tables["a"].selector.mass > 0


def test_a_refused_block_leaves_its_number_free():
    """A sender that repairs its block may use the same number."""
    shard = make_shard()
    shard.insert(encode_block(with_value(BLOCK, "rewards", NAN)))
    assert shard.insert(encode_block(BLOCK)) == Inserted(8, 0)


def test_acknowledgements_carry_the_newest_weights_version_that_the_shard_heard_of():
    """The learner's samples bring the version, older ones do not take it back, repeats learn it too."""
    shard = make_shard()
    shard.sample("toy", 1, Pace(5, NO_LIMIT))
    shard.sample("toy", 1, Pace(3, NO_LIMIT))
    assert shard.insert(encode_block(BLOCK)) == Inserted(8, 5)
    shard.follow("toy", Pace(6, NO_LIMIT))
    assert shard.insert(encode_block(BLOCK)) == Inserted(0, 6)


def test_tasks_have_tables_of_their_own():
    """What one task inserts, draws and updates leaves the other's table as it was."""
    shard = make_shard(("a", "b"))
    shard.insert(encode_block(make_block("a")))
    assert shard.sample("b", 1, FREELY) == NotReady(TableProgress(0, 0, 0.0))
    sampled = shard.sample("a", 4, FREELY)
    assert isinstance(sampled, Sampled)
    shard.update_priorities("b", sampled.keys, np.ones(4, np.float32))
    stats = shard.stats().tables
    assert (stats["a"].items, stats["b"].items) == (8, 0)
    assert (stats["a"].stale_updates, stats["b"].stale_updates) == (0, 4)


def test_memory_is_the_sum_over_the_tables():
    """The counter agrees with the tables' own."""
    shard = make_shard(("a", "b"))
    assert shard.stats().memory_bytes == 2 * make_table().nbytes


def test_problem_looks_into_every_table():
    """Damage in the second table is found as well."""
    shard = make_shard(("a", "b"))
    shard.insert(encode_block(make_block("b")))
    assert shard.problem() is None
    shard.tables["b"].rows.flags[0] = 0
    assert shard.problem() == "7 items are stored, the books say 8"


def test_the_local_client_answers_as_the_shard_does():
    """Its replies are there at once and hold the shard's own answers."""
    client = LocalShardClient(make_shard())
    reply = client.insert(encode_block(BLOCK))
    assert reply.wait(0.0)
    assert reply.result() == Inserted(8, 0)
    sampled = client.sample("toy", 4, Pace(2, NO_LIMIT)).result()
    assert isinstance(sampled, Sampled)
    client.update_priorities("toy", sampled.keys, np.ones(4, np.float32))
    assert client.insert(encode_block(BLOCK)).result() == Inserted(0, 2)
    assert client.watch("toy", 10**9, Pace(3, NO_LIMIT)).result().inserted == 8
    assert client.insert(encode_block(BLOCK)).result() == Inserted(0, 3)
    assert client.stats().result().tables["toy"].sampled == 4
