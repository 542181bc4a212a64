"""cpprb's prioritised replay buffer: `insert|sample CAPACITY DTYPE DIMENSION...`.

`insert` adds blocks of 64 transitions and counts transitions; `sample` draws batches of 512 with importance
weights, sets their priorities anew, and counts batches. The buffer is full from the start.
"""

from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

import numpy as np
from cpprb import PrioritizedReplayBuffer

BLOCK, BATCH, PREPARED = 64, 512, 16
ALPHA, BETA = 0.6, 0.4


def build(arguments: list[str]) -> Callable[[], float]:
    """Return the step of a full buffer."""
    operation, capacity, dtype, *dimensions = arguments
    shape = tuple(map(int, dimensions))
    columns: dict[str, dict[str, Any]] = {
        "obs": {"shape": shape, "dtype": np.dtype(dtype)},
        "act": {"dtype": np.int32},
        "rew": {},
        "next_obs": {"shape": shape, "dtype": np.dtype(dtype)},
        "done": {"dtype": np.uint8},
    }
    buffer = PrioritizedReplayBuffer(int(capacity), columns, alpha=ALPHA)
    rng = np.random.default_rng(0)
    blocks = cycle([_block(rng, shape, dtype) for _ in range(PREPARED)])
    while buffer.get_stored_size() < int(capacity):
        buffer.add(**next(blocks))
    return _inserting(buffer, blocks) if operation == "insert" else _sampling(buffer, rng)


def _block(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> dict[str, np.ndarray]:
    def observations() -> np.ndarray:
        return rng.integers(0, 256, (BLOCK, *shape)).astype(dtype)

    return {
        "obs": observations(),
        "act": rng.integers(0, 2, BLOCK),
        "rew": rng.normal(size=BLOCK),
        "next_obs": observations(),
        "done": np.zeros(BLOCK),
        "priorities": rng.random(BLOCK),
    }


def _inserting(
    buffer: PrioritizedReplayBuffer, blocks: Iterator[dict[str, np.ndarray]]
) -> Callable[[], float]:
    def step() -> float:
        buffer.add(**next(blocks))
        return BLOCK

    return step


def _sampling(buffer: PrioritizedReplayBuffer, rng: np.random.Generator) -> Callable[[], float]:
    priorities = cycle([rng.random(BATCH) for _ in range(PREPARED)])

    def step() -> float:
        sampled = buffer.sample(BATCH, beta=BETA)
        buffer.update_priorities(sampled["indexes"], next(priorities))
        return 1

    return step
