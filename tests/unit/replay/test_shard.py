"""A shard: refusals with their sentences, repeats, lives, acknowledgements, the in-process client."""

from dataclasses import replace

import numpy as np
import pytest

from replay.client import LocalShardClient
from replay.fragment import FragmentBlock
from replay.messages import Inserted, NotReady, Refused, Sampled, Throttled
from replay.rate_limiter import RateLimiter
from replay.wire import encode_block
from tests.support.builders import MANY_ACTIONS, make_block, make_shard, make_table, tampered

NAN = float("nan")


def with_value(block: FragmentBlock, column: str, value: float) -> FragmentBlock:
    changed = getattr(block, column).copy()
    changed.flat[3] = value
    return replace(block, **{column: changed})


BLOCK = make_block()
REFUSED = {
    "unknown task": (make_block("pong"), "no table for task 'pong'; this shard has ['toy']"),
    "observation dtype": (
        make_block(obs_dtype="uint8"),
        "observations is uint8[2, 6, 3], expected float32[2, 6, 3]",
    ),
    "observation shape": (
        make_block(obs_shape=(4,)),
        "observations is float32[2, 6, 4], expected float32[2, 6, 3]",
    ),
    "observation dimensions": (make_block(obs_shape=(3, 1)), "observations have 4 dimensions, not 3"),
    "action dtype": (
        replace(BLOCK, actions=BLOCK.actions.astype(np.float32)),
        "actions is float32[2, 6], expected int32[2, 6]",
    ),
    "reward shape": (
        replace(BLOCK, rewards=BLOCK.rewards[:, :5]),
        "rewards is float32[2, 5], expected float32[2, 6]",
    ),
    "flags dtype": (
        replace(BLOCK, flags=BLOCK.flags.astype(np.int32)),
        "flags is int32[2, 6], expected uint8[2, 6]",
    ),
    "overlap": (make_block(overlap=1), "priorities is float32[2, 4], expected float32[2, 3]"),
    "flat priorities": (
        replace(BLOCK, priorities=BLOCK.priorities.reshape(-1)),
        "priorities is float32[8], expected float32[2, 4]",
    ),
    "episodes": (
        replace(BLOCK, episode_returns=np.ones(2, np.float32)),
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
    "NaN observation": (
        with_value(BLOCK, "observations", NAN),
        "observations hold a value that is not finite",
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
    answer = make_shard().insert(tampered(BLOCK, format=2))
    assert answer == Refused("message format is not 1")


def test_a_repeated_block_is_acknowledged_and_inserted_once():
    """Senders may retry: the repeat counts as a duplicate, in transitions."""
    shard = make_shard()
    answers = [shard.insert(encode_block(BLOCK)) for _ in range(3)]
    assert answers == [Inserted(8, 0), Inserted(0, 0), Inserted(0, 0)]
    stats = shard.stats().tables["toy"]
    assert (stats.inserted, stats.dropped) == (8, {"duplicate": 16})


def test_a_block_of_an_earlier_life_is_dropped_and_counted():
    """A late message of a dead actor does not come in behind its successor's."""
    shard = make_shard()
    shard.insert(encode_block(make_block(incarnation=2)))
    assert shard.insert(encode_block(make_block(incarnation=1, sequence=7))) == Inserted(0, 0)
    assert shard.stats().tables["toy"].dropped == {"superseded": 8}


def test_a_throttled_block_may_be_sent_again():
    """Being held back does not make it a duplicate."""
    shard = make_shard(limiter=RateLimiter(1.0, min_size_to_sample=8, error_buffer=7.0))
    shard.insert(encode_block(BLOCK))
    held_back = encode_block(make_block(sequence=1))
    assert shard.insert(held_back) == Throttled()
    shard.sample("toy", 7)
    assert shard.insert(held_back) == Inserted(8, 0)


def test_a_refused_block_leaves_its_number_free():
    """A sender that repairs its block may use the same number."""
    shard = make_shard()
    shard.insert(encode_block(with_value(BLOCK, "rewards", NAN)))
    assert shard.insert(encode_block(BLOCK)) == Inserted(8, 0)


def test_acknowledgements_carry_the_newest_weights_version_that_the_shard_heard_of():
    """The learner's samples bring the version, older ones do not take it back, repeats learn it too."""
    shard = make_shard()
    shard.sample("toy", 1, weights_version=5)
    shard.sample("toy", 1, weights_version=3)
    assert shard.insert(encode_block(BLOCK)) == Inserted(8, 5)
    shard.sample("toy", 1, weights_version=6)
    assert shard.insert(encode_block(BLOCK)) == Inserted(0, 6)


def test_tasks_have_tables_of_their_own():
    """What one task inserts, draws and updates leaves the other's table as it was."""
    shard = make_shard(("a", "b"))
    shard.insert(encode_block(make_block("a")))
    assert shard.sample("b", 1) == NotReady()
    sampled = shard.sample("a", 4)
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
    shard.tables["b"]._rows.keys[0] = -1
    assert shard.problem() == "inserted 8 is not stored 7 + evicted 0"


def test_the_local_client_answers_as_the_shard_does():
    """Its replies are there at once and hold the shard's own answers."""
    client = LocalShardClient(make_shard())
    reply = client.insert(encode_block(BLOCK))
    assert reply.wait(0.0)
    assert reply.result() == Inserted(8, 0)
    sampled = client.sample("toy", 4, weights_version=2).result()
    assert isinstance(sampled, Sampled)
    client.update_priorities("toy", sampled.keys, np.ones(4, np.float32))
    assert client.insert(encode_block(BLOCK)).result() == Inserted(0, 2)
    assert client.stats().result().tables["toy"].sampled == 4
