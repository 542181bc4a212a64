"""A Reverb server in this process, reached through its port: `read|write CAPACITY DTYPE DIMENSION...`.

`read` draws batches of 512 from a full table through its fastest reader, a TrajectoryDataset, and counts
batches; `write` appends transitions through a TrajectoryWriter, flushed every 64, and counts items. (Reverb
notices that reader and server share a process, and spares itself the network.)

An item is an observation and the next. A stack of frames, 84 x 84 pixels each, is written frame by frame,
each stored once: an item refers to the stack's frames and to those that end a step later.
"""

import os
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import cycle
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import reverb
import tensorflow as tf

TABLE, EXPONENT, BATCH, FLUSH, PREPARED = "table", 0.6, 512, 64, 256
FRAME = (84, 84)
WORKERS, IN_FLIGHT_PER_WORKER = 1, 3 * BATCH
"""The best of those tried on two cores; two to three batches in flight is its own documentation's advice."""
SCALARS = {"action": "int32", "reward": "float32", "discount": "float32"}


class Replay:
    """A server with one table of random transitions, its writer and its reader."""

    def __init__(self, capacity: int, dtype: str, shape: tuple[int, ...]) -> None:
        self._window, self._shape = (shape[0], FRAME) if shape[1:] == FRAME else (1, shape)
        self._dtype = dtype
        table = reverb.Table(
            TABLE,
            sampler=reverb.selectors.Prioritized(EXPONENT),
            remover=reverb.selectors.Fifo(),
            max_size=capacity,
            rate_limiter=reverb.rate_limiters.MinSize(1),
        )
        self._server = reverb.Server([table])
        self._address = f"localhost:{self._server.port}"
        rng = np.random.default_rng(0)
        self._priorities = cycle(rng.random(PREPARED).tolist())
        self._steps = cycle([self._random_step(rng) for _ in range(PREPARED)])
        client = reverb.Client(self._address)
        self._writer = client.trajectory_writer(num_keep_alive_refs=self._window + 1)
        for _ in range(self._window):
            self._writer.append(next(self._steps))

    def write(self) -> float:
        """Append steps, each completing an item, and wait until they are in the table; return how many."""
        window = self._window
        for _ in range(FLUSH):
            self._writer.append(next(self._steps))
            history = self._writer.history
            trajectory = {
                "obs": history["obs"][-window - 1 : -1],
                "next_obs": history["obs"][-window:],
                **{name: history[name][-2:-1] for name in SCALARS},
            }
            self._writer.create_item(TABLE, next(self._priorities), trajectory)
        self._writer.flush()
        return FLUSH

    def read(self) -> float:
        """Take one batch; return 1."""
        next(self._batches)
        return 1

    @cached_property
    def _batches(self) -> Iterator[Any]:
        obs_shape, one = tf.TensorShape((self._window, *self._shape)), tf.TensorShape((1,))
        dataset = reverb.TrajectoryDataset(
            self._address,
            TABLE,
            dtypes={"obs": self._dtype, "next_obs": self._dtype, **SCALARS},
            shapes={"obs": obs_shape, "next_obs": obs_shape, **dict.fromkeys(SCALARS, one)},
            max_in_flight_samples_per_worker=IN_FLIGHT_PER_WORKER,
            num_workers_per_iterator=WORKERS,
        )
        return iter(dataset.batch(BATCH).prefetch(2).as_numpy_iterator())

    def _random_step(self, rng: np.random.Generator) -> dict[str, Any]:
        return {
            "obs": rng.integers(0, 256, self._shape).astype(self._dtype),
            "action": np.int32(rng.integers(2)),
            "reward": np.float32(rng.normal()),
            "discount": np.float32(1.0),
        }


def build(arguments: list[str]) -> Callable[[], float]:
    """Return the step."""
    operation, capacity, dtype, *dimensions = arguments
    replay = Replay(int(capacity), dtype, tuple(map(int, dimensions)))
    if operation == "write":
        return replay.write
    for _ in range(int(capacity) // FLUSH + 1):
        replay.write()
    return replay.read
