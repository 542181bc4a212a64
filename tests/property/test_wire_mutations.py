"""The codec: every block survives, no damaged message does worse than raise WireError."""

import contextlib
import json
import os
import subprocess
import sys
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from replay.fragment import FragmentBlock
from replay.messages import InsertAnswer, Inserted, Refused
from replay.shard import Shard
from replay.wire import LZ4, MAX_MESSAGE_BYTES, RAW, WireError, decode_block, encode_block
from tests.support.builders import assert_same_block, header, make_block, make_table, tampered
from tests.support.mutations import DAMAGES, VALID, VECTORS, reshape
from tests.support.source_tree import ROOT

NAMES = st.text(max_size=20)
COUNTS = st.integers(0, 2**62 - 1)
CASES = 2000
MUTATIONS = int(os.environ.get("TRUNKLINE_MUTATIONS", "20000"))
"""Messages of the test of memory: a slower tier asks for more."""
SECONDS = max(170.0, MUTATIONS / 1000)


@st.composite
def blocks(draw: st.DrawFn) -> FragmentBlock:
    """Blocks of any small shape, of float32 or uint8 frames, some of them large enough to be compressed."""
    episodes = draw(st.integers(0, 3))
    frame_shape = tuple(draw(st.lists(st.integers(1, 4), max_size=3)))
    return make_block(
        task=draw(NAMES),
        actor=draw(NAMES),
        life=draw(COUNTS),
        sequence=draw(COUNTS),
        weights_version=draw(COUNTS),
        lead=draw(st.integers(0, 3)),
        streams=draw(st.integers(1, 3)),
        starts=draw(st.integers(0, 5)),
        overlap=draw(st.integers(1, 3)),
        frame_shape=draw(st.sampled_from([frame_shape, (84, 84)])),
        frame_dtype=draw(st.sampled_from(["float32", "uint8"])),
        rng=np.random.default_rng(draw(st.integers(0, 2**32 - 1))),
        episode_returns=np.arange(episodes, dtype=np.float32),
        episode_lengths=np.arange(episodes, dtype=np.int32),
    )


@given(block=blocks(), divisor=st.sampled_from([1, 64, 255]))
def test_every_block_survives_the_round_trip(block: FragmentBlock, divisor: int):
    """Field by field, bit by bit, whether its frames are noise, of few shades or all but black."""
    block.rows["frames"][:] //= divisor
    assert_same_block(block, decode_block(encode_block(block)))


def small_shard() -> Shard:
    """A shard with the tables that the valid messages fit."""
    images = make_table("images", frame_shape=(28, 28), frame_dtype="uint8")
    return Shard({"toy": make_table(), "images": images})


@pytest.mark.parametrize("valid", VALID, ids=["vectors", "compressed images"])
@pytest.mark.parametrize("damage", [*DAMAGES, reshape])
def test_a_damaged_message_is_a_block_or_a_wire_error(damage: Any, valid: bytes):
    """Nothing else is raised, and what a shard answers to it is an answer."""
    rng = np.random.default_rng(0)
    shard = small_shard()
    assert isinstance(shard.insert(valid), Inserted)  # else every refusal below would prove nothing
    answers: list[InsertAnswer] = []
    for _ in range(CASES // 20 if damage is reshape else CASES):
        message = bytearray(valid)
        damage(message, rng)
        with contextlib.suppress(WireError):
            assert isinstance(decode_block(bytes(message)), FragmentBlock)
        answers.append(shard.insert(bytes(message)))
    assert {type(answer) for answer in answers} <= {Inserted, Refused}
    assert sum(isinstance(answer, Refused) for answer in answers) > len(answers) / 10
    assert shard.problem() is None


@pytest.mark.timeout(SECONDS + 10)
def test_memory_stays_bounded_whatever_is_decoded():
    """A process that decodes damaged messages one after another needs that of a few honest ones, no more."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.mutations", str(MUTATIONS)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["blocks"] + found["refused"] == MUTATIONS
    assert found["refused"] > MUTATIONS / 10
    assert found["grown_bytes"] < 4 * MAX_MESSAGE_BYTES


@given(
    message=st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary(),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.binary(), inner, max_size=4)
        ),
        max_leaves=12,
    ),
    field=st.sampled_from(["task", "sequence", "lead", "rewards", "frames", "format"]),
    key_as_bytes=st.booleans(),
)
def test_anything_in_the_place_of_a_field_is_a_block_or_a_wire_error(
    message: object, field: str, key_as_bytes: bool
):
    """Whatever msgpack can hold may stand where a field is expected, under a text or a bytes key."""
    assert decode_block(VALID[0]).task == "toy"
    fields = msgpack.unpackb(VALID[0])
    fields.pop(field)
    fields[field.encode() if key_as_bytes else field] = message
    with contextlib.suppress(WireError):
        assert isinstance(decode_block(msgpack.packb(fields)), FragmentBlock)


@example(dtype="float32", shape=[0, 2**32 - 1, 2**32 - 1, 2**32 - 1], data=b"", codec=RAW)
@example(dtype="uint8", shape=[0], data=b"\0", codec=LZ4)
@given(
    dtype=st.sampled_from(["float32", "int32", "uint8", "float64", "object", ""]),
    shape=st.lists(st.sampled_from([0, 0, 1, 2, 4]) | st.integers(-1, 2**33), max_size=7),
    data=st.binary(max_size=16),
    codec=st.sampled_from([RAW, LZ4, "zstd", ""]),
)
def test_any_array_header_is_a_block_or_a_wire_error(dtype: str, shape: list[int], data: bytes, codec: str):
    """Sizes up to and beyond the limit, zeros among them, and bytes that may be LZ4 or not."""
    assert decode_block(VALID[0]).task == "toy"
    with contextlib.suppress(WireError):
        decode_block(tampered(VECTORS, rewards=header(dtype, shape, data, codec)))
