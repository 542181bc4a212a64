"""The codec: every block survives, no damaged message does worse than raise WireError."""

import contextlib
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from replay.fragment import FragmentBlock
from replay.messages import InsertAnswer, Inserted, Refused
from replay.wire import WireError, decode_block, encode_block
from tests.support.builders import assert_same_block, header, make_block, make_shard, tampered

NAMES = st.text(max_size=20)
COUNTS = st.integers(0, 2**62 - 1)
VALID = encode_block(make_block(episode_returns=np.ones(2, np.float32), episode_lengths=np.ones(2, np.int32)))
CASES = 4000


@st.composite
def blocks(draw: st.DrawFn) -> FragmentBlock:
    """Blocks of any small shape, of float32 or uint8 observations."""
    episodes = draw(st.integers(0, 3))
    return make_block(
        task=draw(NAMES),
        actor=draw(NAMES),
        incarnation=draw(COUNTS),
        sequence=draw(COUNTS),
        weights_version=draw(COUNTS),
        streams=draw(st.integers(1, 3)),
        starts=draw(st.integers(0, 5)),
        overlap=draw(st.integers(1, 3)),
        obs_shape=tuple(draw(st.lists(st.integers(1, 4), max_size=3))),
        obs_dtype=draw(st.sampled_from(["float32", "uint8"])),
        rng=np.random.default_rng(draw(st.integers(0, 2**32 - 1))),
        episode_returns=np.arange(episodes, dtype=np.float32),
        episode_lengths=np.arange(episodes, dtype=np.int32),
    )


@given(block=blocks())
def test_every_block_survives_the_round_trip(block: FragmentBlock):
    """Field by field, bit by bit."""
    assert_same_block(block, decode_block(encode_block(block)))


def flip(message: bytearray, rng: np.random.Generator) -> None:
    """Flip one to three bits; in the headers more often than in the data."""
    for _ in range(rng.integers(1, 4)):
        message[rng.integers(len(message))] ^= 1 << int(rng.integers(8))


def overwrite(message: bytearray, rng: np.random.Generator) -> None:
    """Put any byte in a place."""
    message[rng.integers(len(message))] = int(rng.integers(256))


def truncate(message: bytearray, rng: np.random.Generator) -> None:
    """Cut the end off."""
    del message[rng.integers(len(message)) :]


def insert(message: bytearray, rng: np.random.Generator) -> None:
    """Put one to six bytes in between."""
    place = int(rng.integers(len(message) + 1))
    message[place:place] = rng.bytes(int(rng.integers(1, 7)))


def remove(message: bytearray, rng: np.random.Generator) -> None:
    """Take one to six bytes out."""
    place = int(rng.integers(len(message)))
    del message[place : place + int(rng.integers(1, 7))]


def repeat(message: bytearray, rng: np.random.Generator) -> None:
    """Say a part twice."""
    start, stop = sorted(rng.integers(len(message) + 1, size=2).tolist())
    message[start:start] = message[start:stop]


@pytest.mark.parametrize("damage", [flip, overwrite, truncate, insert, remove, repeat])
def test_a_damaged_message_is_a_block_or_a_wire_error(damage: Any):
    """Nothing else is raised, and what a shard answers to it is an answer."""
    rng = np.random.default_rng(0)
    shard = make_shard()
    assert shard.insert(VALID) == Inserted(8, 0)  # else every refusal below would prove nothing
    answers: list[InsertAnswer] = []
    for _ in range(CASES):
        message = bytearray(VALID)
        damage(message, rng)
        with contextlib.suppress(WireError):
            assert isinstance(decode_block(bytes(message)), FragmentBlock)
        answers.append(shard.insert(bytes(message)))
    assert {type(answer) for answer in answers} <= {Inserted, Refused}
    assert sum(isinstance(answer, Refused) for answer in answers) > CASES / 10
    assert shard.problem() is None


@given(
    message=st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary(),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.binary(), inner, max_size=4)
        ),
        max_leaves=12,
    ),
    field=st.sampled_from(["task", "sequence", "rewards", "observations", "format"]),
    key_as_bytes=st.booleans(),
)
def test_anything_in_the_place_of_a_field_is_a_block_or_a_wire_error(
    message: object, field: str, key_as_bytes: bool
):
    """Whatever msgpack can hold may stand where a field is expected, under a text or a bytes key."""
    assert decode_block(VALID).task == "toy"
    fields = msgpack.unpackb(VALID)
    fields.pop(field)
    fields[field.encode() if key_as_bytes else field] = message
    with contextlib.suppress(WireError):
        assert isinstance(decode_block(msgpack.packb(fields)), FragmentBlock)


@example(dtype="float32", shape=[0, 2**32 - 1, 2**32 - 1, 2**32 - 1], data=b"")
@given(
    dtype=st.sampled_from(["float32", "int32", "uint8", "float64", "object", ""]),
    shape=st.lists(st.sampled_from([0, 0, 1, 2, 4]) | st.integers(-1, 2**33), max_size=7),
    data=st.binary(max_size=16),
)
def test_any_array_header_is_a_block_or_a_wire_error(dtype: str, shape: list[int], data: bytes):
    """Sizes up to and beyond the limit, zeros among them."""
    assert decode_block(VALID).task == "toy"
    with contextlib.suppress(WireError):
        decode_block(tampered(make_block(), rewards=header(dtype, shape, data)))
