"""The wire format: round trip, and everything that a stranger may send instead of a block."""

import struct
import tracemalloc
from typing import Any

import lz4.block
import msgpack
import numpy as np
import pytest

import replay.wire
from replay.fragment import FragmentBlock
from replay.wire import (
    COMPRESS_FROM_BYTES,
    LZ4,
    MAX_MESSAGE_BYTES,
    MAX_NAME_LENGTH,
    RAW,
    WireError,
    decode_block,
    encode_block,
)
from tests.support.builders import assert_same_block, header, make_block, tampered

BLOCK = make_block(
    episode_returns=np.array([1.5, -2.0], np.float32), episode_lengths=np.array([3, 4], np.int32)
)


def with_array(dtype: object, shape: object, data: object, codec: object = RAW) -> bytes:
    return tampered(BLOCK, rewards=header(dtype, shape, data, codec))


def packed(data: bytes) -> bytes:
    """Compress as the encoder does, without a size in front."""
    compressed: bytes = lz4.block.compress(data, store_size=False)
    return compressed


def header_of_frames(block: FragmentBlock) -> dict[str, Any]:
    found: dict[str, Any] = msgpack.unpackb(encode_block(block))["frames"]
    return found


def peak_bytes_of_refusing(data: bytes) -> int:
    """Return the memory that decoding took at its peak, beside the message, until it was refused."""
    tracemalloc.start()
    try:
        with pytest.raises(WireError):
            decode_block(data)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_block_survives_the_round_trip():
    """Values, shapes, dtypes and names come back as they were."""
    assert_same_block(BLOCK, decode_block(encode_block(BLOCK)))


def test_uint8_images_survive_the_round_trip():
    """Frames of three dimensions are five with streams and rows."""
    block = make_block(frame_shape=(4, 5, 3), frame_dtype="uint8", lead=3)
    assert_same_block(block, decode_block(encode_block(block)))


def image_block(pixels: int, ones: int) -> FragmentBlock:
    """Return a block of one frame of so many pixels a row, of which the first `ones` are random."""
    frames = np.zeros((1, 2, pixels), np.uint8)
    frames[0, 0, :ones] = np.random.default_rng(0).integers(0, 256, ones)
    return make_block(streams=1, starts=1, overlap=1, frame_shape=(pixels,), frames=frames)


def test_large_images_travel_compressed():
    """Mostly black frames become small, and come back bit by bit."""
    block = image_block(COMPRESS_FROM_BYTES, ones=100)
    assert header_of_frames(block)["codec"] == LZ4
    assert len(encode_block(block)) < 1000
    assert_same_block(block, decode_block(encode_block(block)))


@pytest.mark.parametrize(
    ("pixels", "ones"),
    [(COMPRESS_FROM_BYTES // 2 - 1, 0), (COMPRESS_FROM_BYTES, 2 * COMPRESS_FROM_BYTES)],
    ids=["small", "noise"],
)
def test_images_that_are_small_or_noisy_travel_as_they_are(pixels: int, ones: int):
    """Where compression gains little the bytes are sent raw."""
    block = image_block(pixels, min(ones, pixels))
    if ones:
        block.rows["frames"][0, 1] = np.random.default_rng(1).integers(0, 256, pixels)
    assert header_of_frames(block)["codec"] == RAW
    assert_same_block(block, decode_block(encode_block(block)))


def test_float_frames_are_never_compressed():
    """However many equal bytes they hold: the learner's side would pay for unpacking them."""
    block = make_block(frame_shape=(4096,), frames=np.zeros((2, 6, 4096), np.float32))
    assert header_of_frames(block)["codec"] == RAW


@pytest.mark.parametrize("dtype", ["float32", "int32", "uint8"])
def test_any_array_may_come_compressed(dtype: str):
    """The codec stands in the header: a sender may choose another than ours would."""
    values = np.arange(12).astype(dtype)
    decoded = decode_block(with_array(dtype, [12], packed(values.tobytes()), LZ4))
    assert decoded.rows["rewards"].dtype == dtype
    np.testing.assert_array_equal(values, decoded.rows["rewards"])


def test_arrays_that_are_not_contiguous_survive_the_round_trip():
    """A transposed view is sent by its values, not by its memory."""
    block = make_block(
        streams=6, starts=4, overlap=2, rewards=np.arange(36, dtype=np.float32).reshape(6, 6).T
    )
    assert_same_block(block, decode_block(encode_block(block)))


def test_empty_arrays_survive_the_round_trip():
    """A block without a start or an episode can be written and read, if not inserted."""
    block = make_block(streams=2, starts=0, overlap=2)
    assert_same_block(block, decode_block(encode_block(block)))


def test_a_block_that_is_too_large_is_not_encoded(monkeypatch: pytest.MonkeyPatch):
    """The sentence gives both sizes and names the settings to change."""
    size = len(encode_block(BLOCK))
    monkeypatch.setattr(replay.wire, "MAX_MESSAGE_BYTES", size - 1)
    with pytest.raises(WireError, match=f"block of {size} bytes, allowed are {size - 1}: shorten actors"):
        encode_block(BLOCK)


def test_a_message_that_is_too_large_is_not_unpacked():
    """One byte beyond the limit is refused by its length alone."""
    with pytest.raises(WireError, match=f"message of {MAX_MESSAGE_BYTES + 1} bytes, allowed are"):
        decode_block(bytes(MAX_MESSAGE_BYTES + 1))


UNREADABLE = "."
"""What the parser complains of is its own business, as long as it does."""


def renamed(field: str, name: object) -> bytes:
    """Return the message with a field under another name, or without it."""
    message = msgpack.unpackb(encode_block(BLOCK))
    value = message.pop(field)
    packed: bytes = msgpack.packb(message if name is None else message | {name: value})
    return packed


def twice(field: str) -> bytes:
    """Return the message with one field in the place of another as well."""
    return encode_block(BLOCK).replace(b"\xafweights_version", bytes([0xA0 + len(field)]) + field.encode())


MALFORMED = {
    "empty": (b"", UNREADABLE),
    "cut off": (encode_block(BLOCK)[:-1], UNREADABLE),
    "one byte more": (encode_block(BLOCK) + b"\x01", UNREADABLE),
    "reserved byte": (b"\xc1", UNREADABLE),
    "no map": (msgpack.packb([1, 2]), UNREADABLE),
    "integer keys": (msgpack.packb({1: 2}), UNREADABLE),
    "extension": (tampered(BLOCK, task=msgpack.ExtType(5, b"x")), UNREADABLE),
    "timestamp": (tampered(BLOCK, task=msgpack.Timestamp(1)), UNREADABLE),
    "deep nesting": (b"\x91" * 5000 + b"\x01", "message is no map"),
    "long list": (tampered(BLOCK, task=[0] * 7), "field task is not the str"),
    "many fields": (msgpack.packb({str(n): n for n in range(33)}), UNREADABLE),
    "format": (tampered(BLOCK, format=1), "message format is not 2"),
    "no format": (msgpack.packb({}), "message format is not 2"),
    "format as bool": (tampered(BLOCK, format=True), "message format is not 2"),
    "format as float": (tampered(BLOCK, format=2.0), "message format is not 2"),
    "field too many": (tampered(BLOCK, reward=1), UNREADABLE),
    "unknown field": (renamed("rewards", "reward"), "message has a field 'reward', allowed are"),
    "field as bytes": (renamed("task", b"task"), UNREADABLE),
    "missing field": (renamed("task", None), r"message lacks \['task'\]"),
    "field twice": (twice("task"), r"message lacks \['weights_version'\]"),
    "no fields": (msgpack.packb({"format": 2}), r"message lacks \['actions', 'actor'"),
}


@pytest.mark.parametrize(("data", "sentence"), MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_message_raises_one_sentence(data: bytes, sentence: str):
    """Whatever is wrong, it is a WireError that says what."""
    with pytest.raises(WireError, match=sentence) as caught:
        decode_block(data)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("field", ["incarnation", "sequence", "weights_version", "lead"])
@pytest.mark.parametrize("value", [-1, 2**62, 2**64 - 1, True, 1.0, "1", b"1", None])
def test_a_number_field_takes_only_sensible_integers(field: str, value: object):
    """No negative, no huge number, no bool or float in its place."""
    with pytest.raises(WireError, match=f"field {field} is not the int within its limits"):
        decode_block(tampered(BLOCK, **{field: value}))


@pytest.mark.parametrize("value", ["x" * (MAX_NAME_LENGTH + 1), b"toy", 3, None])
def test_a_name_field_takes_only_short_text(value: object):
    """No bytes, no number, nothing overlong."""
    with pytest.raises(WireError, match="field task is not the str within its limits"):
        decode_block(tampered(BLOCK, task=value))


@pytest.mark.parametrize("field", ["format", "task", "lead"])
@pytest.mark.parametrize("value", [[], [1], {}, {"dtype": "uint8"}, [[[1]]]])
def test_where_a_scalar_is_expected_no_container_passes(field: str, value: object):
    """Neither an empty one nor one that looks like the header of an array."""
    with pytest.raises(WireError, match=UNREADABLE):
        decode_block(tampered(BLOCK, **{field: value}))


def test_a_name_of_the_greatest_length_passes():
    """The limit itself is allowed."""
    name = "x" * MAX_NAME_LENGTH
    assert decode_block(tampered(BLOCK, task=name)).task == name


BAD_ARRAYS = {
    "dtype object": (with_array("object", [1], b"12345678"), "has dtype 'object', allowed are"),
    "dtype float64": (with_array("float64", [1], b"12345678"), "has dtype 'float64', allowed are"),
    "dtype structure": (with_array("f4,i4", [1], b"12345678"), "has dtype 'f4,i4', allowed are"),
    "dtype number": (with_array(7, [1], b"1234"), "has dtype '7', allowed are"),
    "dtype list": (with_array(["float32"], [1], b"1234"), UNREADABLE),
    "too few bytes": (with_array("float32", [2, 2], b"1234"), "needs other than its 4 bytes"),
    "too many bytes": (with_array("float32", [1], b"12345678"), "needs other than its 8 bytes"),
    "negative size": (with_array("float32", [-1, -1], b"1234"), "not a list of sizes"),
    "bool size": (with_array("uint8", [True], b"1"), "not a list of sizes"),
    "float size": (with_array("uint8", [1.0], b"1"), "not a list of sizes"),
    "size of 2**32": (with_array("uint8", [2**32, 0], b""), "not a list of sizes"),
    "nested shape": (with_array("uint8", [[1]], b"1"), UNREADABLE),
    "shape as number": (with_array("uint8", 1, b"1"), UNREADABLE),
    "shape of text": (with_array("uint8", ["1"], b"1"), "not a list of sizes"),
    "data as text": (with_array("uint8", [1], "1"), "not bytes"),
    "data as list": (with_array("uint8", [1], [1]), UNREADABLE),
    "seven dimensions": (with_array("uint8", [1] * 7, b"1"), "array has 7 dimensions, allowed are 6"),
    "no header": (tampered(BLOCK, rewards=[1.0]), UNREADABLE),
    "empty header": (tampered(BLOCK, rewards={}), "has no header of dtype, shape, codec and data"),
    "number": (tampered(BLOCK, rewards=7), UNREADABLE),
    "extra key": (
        tampered(BLOCK, rewards={**header("uint8", [1], b"1"), "order": "F"}),
        UNREADABLE,
    ),
    "other key": (
        tampered(BLOCK, rewards={"dtype": "uint8", "shape": [1], "order": "F"}),
        "message has a field 'order', allowed are",
    ),
    "no codec": (
        tampered(BLOCK, rewards={"dtype": "uint8", "shape": [1], "data": b"1"}),
        "has no header of dtype, shape, codec and data",
    ),
    "unknown codec": (
        with_array("uint8", [1], b"1", "zip"),
        r"has codec 'zip', allowed are \['raw', 'lz4'\]",
    ),
    "codec as list": (with_array("uint8", [1], b"1", [LZ4]), UNREADABLE),
    "LZ4 that is none": (with_array("uint8", [64], b"\xff" * 20, LZ4), "is not LZ4 of 64 bytes"),
    "LZ4 of nothing": (with_array("uint8", [64], b"", LZ4), "array rewards is not LZ4 of 64 bytes"),
    "LZ4 of less": (with_array("uint8", [64], packed(bytes(63)), LZ4), "needs other than its 63 bytes"),
    "LZ4 of more": (with_array("uint8", [64], packed(bytes(65)), LZ4), "is not LZ4 of 64 bytes"),
    "LZ4 for an empty array": (with_array("uint8", [0], packed(bytes(65)), LZ4), "is not LZ4 of 0 bytes"),
    "nested arrays": (
        tampered(BLOCK, rewards=header("uint8", [1], header("uint8", [1], b"1"))),
        UNREADABLE,
    ),
}


@pytest.mark.parametrize(("data", "sentence"), BAD_ARRAYS.values(), ids=BAD_ARRAYS.keys())
def test_an_array_whose_header_is_wrong_raises_one_sentence(data: bytes, sentence: str):
    """The header must be complete, of known kinds, and agree with the bytes."""
    with pytest.raises(WireError, match=sentence):
        decode_block(data)


@pytest.mark.parametrize(
    "shape", [[0, 2**32 - 1, 2**32 - 1, 2**32 - 1], [2**32 - 1, 0, 2**32 - 1, 2**32 - 1]]
)
def test_an_empty_array_of_impossible_shape_raises_a_wire_error(shape: list[int]):
    """A size of 0 makes the bytes agree, but no array can have the other sizes."""
    with pytest.raises(WireError, match="array rewards"):
        decode_block(with_array("float32", shape, b""))


def nested(depth: int) -> bytes:
    """Return a tree of lists of six."""
    return b"\x96" + 6 * nested(depth - 1) if depth else b"\x90"


HUGE = {
    "array header": with_array("float32", [2**31, 2**31], b"1234"),
    "header of 10 GiB of LZ4": with_array("uint8", [10 * 2**30 // 2**20, 2**20], packed(bytes(2**20)), LZ4),
    "LZ4 of 100 MiB said to be 64": with_array("uint8", [64], packed(bytes(100 * 2**20)), LZ4),
    "LZ4 of 100 MiB said to be 0": with_array("uint8", [0], packed(bytes(100 * 2**20)), LZ4),
    "LZ4 with its size in front": with_array(
        "uint8", [0], struct.pack("<i", 100 * 2**20) + packed(bytes(100 * 2**20)), LZ4
    ),
    "list": b"\xdd\xff\xff\xff\xff",
    "map": b"\xdf\xff\xff\xff\xff",
    "text": b"\xdb\xff\xff\xff\xff",
    "bytes": b"\xc6\xff\xff\xff\xff",
    "map in a field": b"\x81\xa4task\xdf\xff\xff\xff\xff",
    "very many small lists": b"\x81\xa4task" + nested(6),
}


@pytest.mark.parametrize("data", HUGE.values(), ids=HUGE.keys())
def test_a_huge_size_in_a_small_message_allocates_nothing(data: bytes):
    """Sizes are checked before memory is taken: less than two mebibytes at the peak."""
    assert len(data) < 2**20
    assert peak_bytes_of_refusing(data) < 2 * 2**20


def test_arrays_that_are_too_large_together_are_refused_before_they_are_unpacked():
    """Each within the limit, all of them beyond it: what is left of it counts."""
    half = MAX_MESSAGE_BYTES // 2
    arrays = {
        name: header("uint8", [half + 1], packed(bytes(half + 1)), LZ4) for name in ("frames", "actions")
    }
    data = tampered(BLOCK, **arrays)
    with pytest.raises(WireError, match=f"array actions of {half + 1} bytes exceeds the"):
        decode_block(data)
    assert peak_bytes_of_refusing(data) < 2 * half + 2**21  # LZ4 unpacks into a buffer, and copies that


@pytest.mark.parametrize(
    "data",
    [
        tampered(BLOCK, **{"x" * 2**20: 1}),
        with_array("x" * 2**20, [1], b"1"),
        with_array("uint8", [1], b"1", "x" * 2**20),
        tampered(BLOCK, task="x" * 2**20),
    ],
    ids=["field name", "dtype", "codec", "task"],
)
def test_the_sentence_stays_short_whatever_the_message_holds(data: bytes):
    """It goes back to the sender: a mebibyte of a stranger's text does not."""
    with pytest.raises(WireError) as caught:
        decode_block(data)
    assert len(str(caught.value)) < 500
