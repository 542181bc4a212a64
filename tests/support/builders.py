"""Small real objects for tests, with defaults that fit together: block, table, shard, task specification."""

from collections.abc import Sequence
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

from replay.fragment import FragmentBlock, TableShape
from replay.n_step import ReturnSpec
from replay.rate_limiter import RateLimiter
from replay.rows import RowRing
from replay.selector import Proportional, Selector, Uniform
from replay.shard import Shard
from replay.table import Table
from replay.wire import encode_block
from tasks.spec import TaskSpec

MANY_ACTIONS = 1_000_000


def make_spec(name: str = "toy", observation_shape: tuple[int, ...] = (3,), **changes: Any) -> TaskSpec:
    """Return a task of float32 observations and two actions."""
    settings: dict[str, Any] = {
        "env": "tests.support.broken_environments:trunkline-test/WellBehaved-v0",
        "observation_dtype": "float32",
        "num_actions": 2,
        "max_episode_steps": 10,
    }
    return TaskSpec(name=name, observation_shape=observation_shape, **(settings | changes))


def make_block(
    task: str = "toy",
    streams: int = 2,
    starts: int = 4,
    overlap: int = 2,
    obs_shape: tuple[int, ...] = (3,),
    obs_dtype: str = "float32",
    rng: np.random.Generator | None = None,
    **changes: Any,
) -> FragmentBlock:
    """Return a block of random rows without episode ends; `changes` replace its fields."""
    rng = rng or np.random.default_rng(0)
    size = (streams, starts + overlap)
    values: dict[str, Any] = {
        "task": task,
        "actor": f"{task}-0",
        "incarnation": 1,
        "sequence": 0,
        "weights_version": 0,
        "observations": rng.integers(0, 256, (*size, *obs_shape)).astype(obs_dtype),
        "actions": rng.integers(0, 2, size).astype(np.int32),
        "rewards": rng.normal(size=size).astype(np.float32),
        "flags": np.zeros(size, np.uint8),
        "priorities": rng.random((streams, starts)).astype(np.float32),
        "episode_returns": np.zeros(0, np.float32),
        "episode_lengths": np.zeros(0, np.int32),
    }
    return FragmentBlock(**(values | changes))


def make_table(
    task: str = "toy",
    num_rows: int = 48,
    overlap: int = 2,
    obs_shape: tuple[int, ...] = (3,),
    obs_dtype: str = "float32",
    returns: ReturnSpec | None = None,
    selector: Selector | None = None,
    limiter: RateLimiter | None = None,
    seed: int = 0,
) -> Table:
    """Return a table with proportional selection whose limiter asks for one item and no ratio."""
    return Table(
        TableShape(task, obs_shape, obs_dtype, num_actions=MANY_ACTIONS, overlap=overlap),
        RowRing(num_rows, obs_shape, obs_dtype),
        selector or Proportional(num_rows, priority_exponent=0.6),
        limiter or RateLimiter(samples_per_insert=None, min_size_to_sample=1, error_buffer=0.0),
        returns or ReturnSpec(n_step=2, discount=0.9),
        np.random.default_rng(seed),
    )


def make_uniform_table(num_rows: int = 48, **settings: Any) -> Table:
    """Return a table that draws every item with the same probability."""
    return make_table(num_rows=num_rows, selector=Uniform(num_rows), **settings)


def make_shard(tasks: Sequence[str] = ("toy",), **settings: Any) -> Shard:
    """Return a shard with one table a task, all of the same settings."""
    return Shard({task: make_table(task, **settings) for task in tasks})


def tampered(block: FragmentBlock, **changes: Any) -> bytes:
    """Return the block's message with some of its top-level fields replaced, as a stranger could send it."""
    message: dict[str, Any] = msgpack.unpackb(encode_block(block))
    data: bytes = msgpack.packb(message | changes)
    return data


def header(dtype: object, shape: object, data: object) -> dict[str, object]:
    """Return the header of an array as it stands in a message."""
    return {"dtype": dtype, "shape": shape, "data": data}


def assert_same_block(expected: FragmentBlock, actual: FragmentBlock) -> None:
    """Compare two blocks field by field: values, shapes and dtypes."""
    for name, value in vars(expected).items():
        other: NDArray[Any] = getattr(actual, name)
        if isinstance(value, np.ndarray):
            assert (value.dtype, value.shape) == (other.dtype, other.shape), name
            assert value.tobytes() == other.tobytes(), name
        else:
            assert value == other, name
