"""The wire format of fragment blocks: msgpack with limits that are checked before anything is allocated.

A message is one msgpack map of plain fields, whose arrays are maps {dtype, shape, codec, data}. No pickle.
Large arrays of frames travel compressed by LZ4 where that makes them smaller.
"""

import math
from dataclasses import fields
from typing import Any

import lz4.block
import msgpack
import numpy as np
from numpy.typing import NDArray

from replay.fragment import FragmentBlock
from replay.row import SENT

FORMAT = 2
MAX_MESSAGE_BYTES = 64 * 2**20
MAX_DIMENSIONS = 6
MAX_FIELDS = 32
MAX_NAME_LENGTH = 256
RAW, LZ4 = "raw", "lz4"
COMPRESS_FROM_BYTES = 8 * 2**10
WORTHWHILE = 0.8
"""Compressed size over size above which an array is sent as it is: Ray copies faster than LZ4 unpacks."""
DTYPES = frozenset({"float32", "int32", "uint8", *(column.dtype for column in SENT.values() if column.dtype)})
LIFE = "incarnation"
"""What a message calls the `life` of its block: messages of shards and actors that run already do so."""
_SCALARS: dict[str, type] = {
    "task": str,
    "actor": str,
    LIFE: int,
    "sequence": int,
    "weights_version": int,
    "lead": int,
    "format": int,
}
_ARRAYS = {*SENT, "priorities", "episode_returns", "episode_lengths"}
_HEADER = {
    "dtype": f"text, allowed are {sorted(DTYPES)}",
    "shape": "a list of sizes",
    "codec": f"text, allowed are {[RAW, LZ4]}",
    "data": "bytes",
}


class WireError(ValueError):
    """A message that is not what it should be; the message says what was found and what is allowed."""


def encode_block(block: FragmentBlock) -> bytes:
    """Return a block as one message.

    Raises:
        WireError: it would be larger than `MAX_MESSAGE_BYTES`.
    """
    message: dict[str, Any] = {"format": FORMAT}
    for field in fields(block):
        value = getattr(block, field.name)
        if field.name == "rows":
            message |= {name: _encode_array(value[name]) for name in SENT}
        else:
            name = LIFE if field.name == "life" else field.name
            message[name] = _encode_array(value) if isinstance(value, np.ndarray) else value
    data: bytes = msgpack.packb(message)
    if len(data) > MAX_MESSAGE_BYTES:
        raise WireError(
            f"block of {len(data)} bytes, allowed are {MAX_MESSAGE_BYTES}: shorten actors.fragment_length "
            "or tasks.*.envs_per_actor"
        )
    return data


def decode_block(data: bytes) -> FragmentBlock:
    """Return the block in a message; its arrays are views into copies that were made of their bytes.

    Raises:
        WireError: the message is too large, or would be once it is unpacked; malformed, of another format, or
            an array's header does not agree with its bytes.
    """
    message = _read(data)
    if not _is_scalar(found := message.pop("format", None), int) or found != FORMAT:
        raise WireError(f"message format is not {FORMAT}")
    missing = (_ARRAYS | set(_SCALARS)) - {"format"} - set(message)
    if missing:
        raise WireError(f"message lacks {sorted(missing)}")
    decoded: dict[str, Any] = {}
    left = MAX_MESSAGE_BYTES
    for name, value in message.items():
        if name in _ARRAYS:
            decoded[name] = _decode_array(name, value, left)
            left -= decoded[name].nbytes
        elif _is_scalar(value, _SCALARS[name]):
            decoded[name] = value
        else:
            raise WireError(f"field {name} is not the {_kind(name)} within its limits")
    rows = {name: decoded.pop(name) for name in SENT}
    return FragmentBlock(rows=rows, life=decoded.pop(LIFE), **decoded)


def _read(data: bytes) -> dict[str, Any]:
    """Return the fields of a message: scalars, and headers of arrays.

    Containers are read where they are expected and refused anywhere else: built as they come, small nested
    lists would take a hundred times the memory of the message.
    """
    if len(data) > MAX_MESSAGE_BYTES:
        raise WireError(f"message of {len(data)} bytes, allowed are {MAX_MESSAGE_BYTES}")
    unpacker = msgpack.Unpacker(
        raw=False, max_array_len=0, max_map_len=0, max_ext_len=0, max_buffer_size=max(1, len(data))
    )
    try:
        unpacker.feed(data)
        message: dict[str, Any] = {}
        for _ in range(_map_length(unpacker, "message")):
            name = _name(unpacker, {*_SCALARS, *_ARRAYS})
            if name in _ARRAYS:
                message[name] = _read_header(unpacker, name)
            else:
                message[name] = _plain(unpacker, f"field {name} is not the {_kind(name)} within its limits")
    except msgpack.exceptions.UnpackException as error:
        raise WireError(f"message is not msgpack of the expected form: {type(error).__name__}") from error
    if unpacker.tell() != len(data):
        raise WireError("message has bytes after its end")
    return message


def _read_header(unpacker: msgpack.Unpacker, array: str) -> dict[str, Any]:
    header: dict[str, Any] = {}
    for _ in range(_map_length(unpacker, f"array {array}")):
        name = _name(unpacker, set(_HEADER))
        problem = f"array {array} has a {name} that is not {_HEADER[name]}"
        if name == "shape":
            header[name] = [_plain(unpacker, problem) for _ in range(_dimensions(unpacker, problem))]
        else:
            header[name] = _plain(unpacker, problem)
    return header


def _map_length(unpacker: msgpack.Unpacker, what: str) -> int:
    try:
        length: int = unpacker.read_map_header()
    except ValueError as error:
        raise WireError(f"{what} is no map") from error
    if length > MAX_FIELDS:
        raise WireError(f"{what} is a map of {length} entries, allowed are {MAX_FIELDS}")
    return length


def _dimensions(unpacker: msgpack.Unpacker, problem: str) -> int:
    try:
        dimensions: int = unpacker.read_array_header()
    except ValueError as error:
        raise WireError(problem) from error
    if dimensions > MAX_DIMENSIONS:
        raise WireError(f"array has {dimensions} dimensions, allowed are {MAX_DIMENSIONS}")
    return dimensions


def _plain(unpacker: msgpack.Unpacker, problem: str) -> object:
    """Return the next value, which may be no container and no extension."""
    try:
        return unpacker.unpack()
    except msgpack.exceptions.OutOfData:
        raise
    except ValueError as error:
        raise WireError(problem) from error


def _kind(name: str) -> str:
    return _SCALARS[name].__name__


def _name(unpacker: msgpack.Unpacker, known: set[str]) -> str:
    problem = "message has a field whose name is no text"
    name = _plain(unpacker, problem)
    if not isinstance(name, str):
        raise WireError(problem)
    if name not in known:
        raise WireError(f"message has a field {name[:40]!r}, allowed are {sorted(known)}")
    return name


def _is_scalar(value: object, expected: type) -> bool:
    if isinstance(value, str):
        return expected is str and len(value) <= MAX_NAME_LENGTH
    return type(value) is int and expected is int and 0 <= value < 2**62


def _encode_array(array: NDArray[Any]) -> dict[str, Any]:
    data = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
    header = {"dtype": array.dtype.name, "shape": list(array.shape)}
    if array.dtype == np.uint8 and array.nbytes >= COMPRESS_FROM_BYTES:
        compressed = lz4.block.compress(data, store_size=False)
        if len(compressed) <= WORTHWHILE * array.nbytes:
            return {**header, "codec": LZ4, "data": compressed}
    return {**header, "codec": RAW, "data": data}


def _decode_array(name: str, header: dict[str, Any], most_bytes: int) -> NDArray[Any]:
    if set(header) != set(_HEADER):
        raise WireError(f"array {name} has no header of dtype, shape, codec and data")
    dtype, shape, codec, data = header["dtype"], header["shape"], header["codec"], header["data"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise WireError(f"array {name} has dtype {str(dtype)[:20]!r}, allowed are {sorted(DTYPES)}")
    if not isinstance(data, bytes):
        raise WireError(f"array {name} has data that is not bytes")
    if any(type(size) is not int or not 0 <= size < 2**32 for size in shape):
        raise WireError(f"array {name} has a shape that is not a list of sizes")
    count = math.prod(shape)
    size = count * np.dtype(dtype).itemsize
    if size > most_bytes:
        raise WireError(f"array {name} of {size} bytes exceeds the {MAX_MESSAGE_BYTES} bytes of a message")
    if codec == LZ4:
        data = _decompressed(name, data, size)
    elif codec != RAW:
        raise WireError(f"array {name} has codec {str(codec)[:20]!r}, allowed are {[RAW, LZ4]}")
    if size != len(data):
        raise WireError(f"array {name} of shape {shape} and {dtype} needs other than its {len(data)} bytes")
    try:
        return np.frombuffer(data, dtype).reshape(shape)
    except ValueError as error:
        raise WireError(f"array {name} cannot have the shape {shape}") from error


def _decompressed(name: str, data: bytes, size: int) -> bytes:
    try:
        unpacked: bytes = lz4.block.decompress(data, uncompressed_size=size)
    except (lz4.block.LZ4BlockError, ValueError, OverflowError) as error:
        raise WireError(f"array {name} is not LZ4 of {size} bytes") from error
    return unpacked
