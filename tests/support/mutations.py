"""Damaged messages: what chance, or a stranger, makes of a block on its way.

    python -m tests.support.mutations 20000

decodes so many and prints how many became blocks, how many were refused, and by how many bytes this process
grew at its peak.
"""

import json
import resource
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import lz4.block
import msgpack
import numpy as np

from replay.fragment import FragmentBlock
from replay.wire import LZ4, WireError, decode_block, encode_block
from tests.support.builders import header, make_block, tampered

VECTORS = make_block(lead=1, episode_returns=np.ones(2, np.float32), episode_lengths=np.ones(2, np.int32))
IMAGES = make_block(
    "images", starts=6, frame_shape=(28, 28), frame_dtype="uint8", frames=np.zeros((2, 8, 28, 28), np.uint8)
)
"""Black enough to travel compressed."""
VALID = (encode_block(VECTORS), encode_block(IMAGES))
SIZES = (0, 1, 2, 64, 2**10, 2**20, 2**26, 2**31, 2**32, 10 * 2**30)


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


def announce(message: bytearray, rng: np.random.Generator) -> None:
    """Put the header of something huge in a place: text, bytes, a list or a map of up to 2^32."""
    place = int(rng.integers(len(message)))
    sizes = (2**20, 2**26, 2**31, 2**32 - 1)
    size = sizes[rng.integers(len(sizes))]
    message[place : place + 5] = b"\xc6\xdb\xdd\xdf"[
        (kind := int(rng.integers(4))) : kind + 1
    ] + size.to_bytes(4)


def reshape(message: bytearray, rng: np.random.Generator) -> None:
    """Replace the header of an array by one that claims any size."""
    fields: dict[str, Any] = msgpack.unpackb(VALID[0])
    arrays = [name for name, value in fields.items() if isinstance(value, dict)]
    shape = [SIZES[rng.integers(len(SIZES))] for _ in range(rng.integers(1, 4))]
    bomb = lz4.block.compress(bytes(SIZES[rng.integers(6)]), store_size=False)
    claim = header("uint8", shape, bomb, LZ4)
    message[:] = tampered(VECTORS, **{arrays[rng.integers(len(arrays))]: claim})


DAMAGES: tuple[Callable[[bytearray, np.random.Generator], None], ...] = (
    flip,
    overwrite,
    truncate,
    insert,
    remove,
    repeat,
    announce,
)


def decode_mutations(count: int, rng: np.random.Generator) -> Counter[str]:
    """Decode so many damaged messages; return how many became blocks, and how many were refused."""
    found: Counter[str] = Counter()
    for number in range(count):
        message = bytearray(VALID[number % len(VALID)])
        damage = reshape if number % 50 == 0 else DAMAGES[rng.integers(len(DAMAGES))]
        damage(message, rng)
        try:
            found["blocks"] += isinstance(decode_block(bytes(message)), FragmentBlock)
        except WireError:
            found["refused"] += 1
    return found


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    generator = np.random.default_rng(0)
    decode_mutations(100, generator)  # whatever is loaded only once
    before = _peak_bytes()
    counts = decode_mutations(int(sys.argv[1]), generator)
    print(json.dumps({**counts, "grown_bytes": _peak_bytes() - before}))  # noqa: T201
