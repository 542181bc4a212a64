"""Small real objects for tests, with defaults that fit together: block, table, shard, router, task."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

from replay.client import LocalShardClient, ShardClient
from replay.cutters.interface import Cutter
from replay.cutters.n_step import NStepCutter
from replay.draw import Draw
from replay.fragment import FragmentBlock, empty_block
from replay.messages import Pace, Sampled
from replay.n_step import ReturnSpec
from replay.rate_limiter import NO_LIMIT, RateLimiter
from replay.router import ReplayRouter
from replay.row import SENT, Columns, TableShape
from replay.rows import RowRing
from replay.selectors.interface import Selector
from replay.selectors.proportional import Proportional
from replay.selectors.uniform import Uniform
from replay.shard import Shard
from replay.table import Table
from replay.task_book import Spread
from replay.wire import RAW, encode_block
from tasks.choices import Choices
from tasks.observation import ObservationLayout, Scale
from tasks.spec import TaskSpec

MANY_ACTIONS = 1_000_000
ANY_TABLE = TableShape("any", (1,), "float32", MANY_ACTIONS)
"""What a table takes whose task has actions of one dimension."""
FREELY = Pace(weights_version=0, insert_until=NO_LIMIT)
"""The pace of a task whose rate nothing holds back."""
NO_RATE = RateLimiter(samples_per_insert=None, min_size_to_sample=1, error_buffer=0.0)
"""The limiter that asks for one item and no ratio."""


def make_spec(
    name: str = "toy",
    observation_shape: tuple[int, ...] = (3,),
    observation_dtype: str = "float32",
    observation_scale: Scale | None = None,
    num_actions: int = 2,
    **changes: Any,
) -> TaskSpec:
    """Return a task whose observations have one part of numbers, and whose actions have one dimension.

    `observation_shape` is that of a stack, where there is one.
    """
    frame_shape = observation_shape[1:] if changes.get("frame_stack", 1) > 1 else observation_shape
    scale = observation_scale or ((255.0,) if observation_dtype == "uint8" else (1.0,))
    settings: dict[str, Any] = {
        "env": "tests.support.broken_environments:trunkline-test/WellBehaved-v0",
        "layout": ObservationLayout.of_numbers(frame_shape, observation_dtype, scale),
        "choices": Choices((num_actions,)),
        "max_episode_steps": 10,
    }
    return TaskSpec(name=name, **(settings | changes))


def make_block(
    task: str = "toy",
    streams: int = 2,
    starts: int = 4,
    overlap: int = 2,
    lead: int = 0,
    frame_shape: tuple[int, ...] = (3,),
    frame_dtype: str = "float32",
    rng: np.random.Generator | None = None,
    **changes: Any,
) -> FragmentBlock:
    """Return a block of random rows without episode ends; `changes` replace its fields."""
    rng = rng or np.random.default_rng(0)
    size = (streams, lead + starts + overlap)
    values: dict[str, Any] = {
        "actor": f"{task}-0",
        "life": 1,
        "frames": rng.integers(0, 256, (*size, *frame_shape)).astype(frame_dtype),
        "actions": rng.integers(0, 2, size).astype(np.int32),
        "rewards": rng.normal(size=size).astype(np.float32),
        "priorities": rng.random((streams, starts)).astype(np.float32),
    }
    shape = TableShape(task, frame_shape, frame_dtype, MANY_ACTIONS)
    return changed(empty_block(shape, lead, starts, streams, overlap), **(values | changes))


def make_row(
    frame_EO: NDArray[Any], action_E: NDArray[Any], reward_E: NDArray[Any], flags_E: NDArray[np.uint8]
) -> Columns:
    """Return a row of every stream, as a fragment writer takes it, with zeros in all other columns."""
    streams = len(action_E)
    zeros = {
        name: np.zeros((streams, *each.shape(ANY_TABLE)), each.dtype or "float32")
        for name, each in SENT.items()
    }
    return zeros | {"frames": frame_EO, "actions": action_E, "rewards": reward_E, "flags": flags_E}


def changed(block: FragmentBlock, **values: Any) -> FragmentBlock:
    """Return the block with other fields, or other columns of its rows."""
    rows = {name: values.pop(name, column) for name, column in block.rows.items()}
    return replace(block, rows=rows, **values)


def make_table(
    task: str = "toy",
    num_rows: int = 48,
    frame_shape: tuple[int, ...] = (3,),
    frame_dtype: str = "float32",
    returns: ReturnSpec | None = None,
    frame_stack: int = 1,
    selector: Selector | None = None,
    cutter: Cutter | None = None,
    insert_until: int = NO_LIMIT,
    first_key: int = 0,
    seed: int = 0,
    num_actions: int = MANY_ACTIONS,
) -> Table:
    """Return a table with proportional selection that holds no insert back."""
    shape = TableShape(task, frame_shape, frame_dtype, num_actions)
    return Table(
        shape=shape,
        rows=RowRing(num_rows, shape, first_key),
        selector=selector or Proportional(num_rows, priority_exponent=0.6),
        cutter=cutter or NStepCutter(returns or ReturnSpec(n_step=2, discount=0.9), frame_stack),
        rng=np.random.default_rng(seed),
        insert_until=insert_until,
    )


def make_uniform_table(num_rows: int = 48, **settings: Any) -> Table:
    """Return a table that draws every item with the same probability."""
    return make_table(num_rows=num_rows, selector=Uniform(num_rows), **settings)


def make_shard(tasks: Sequence[str] = ("toy",), **settings: Any) -> Shard:
    """Return a shard with one table a task, all of the same settings."""
    return Shard({task: make_table(task, **settings) for task in tasks})


def make_router(
    shards: Sequence[Shard | ShardClient],
    tasks: Sequence[str] = ("toy",),
    limiter: RateLimiter = NO_RATE,
    seed: int = 0,
) -> ReplayRouter:
    """Return a router over shards in this process, or over clients, each of which holds every task."""
    clients = [LocalShardClient(shard) if isinstance(shard, Shard) else shard for shard in shards]
    spread = Spread(range(len(clients)), limiter)
    return ReplayRouter(clients, dict.fromkeys(tasks, spread), np.random.default_rng(seed))


def collected(router: ReplayRouter, draw: Draw | None, tries: int = 1) -> Sampled:
    """Return what came of a draw, for which so many tries have to be enough."""
    assert draw is not None
    found = (router.collect(draw) for _ in range(tries))
    sampled = next((sampled for sampled in found if sampled is not None), None)
    assert sampled is not None, "the draw is not complete"
    return sampled


def tampered(block: FragmentBlock, **changes: Any) -> bytes:
    """Return the block's message with some of its top-level fields replaced, as a stranger could send it."""
    message: dict[str, Any] = msgpack.unpackb(encode_block(block))
    data: bytes = msgpack.packb(message | changes)
    return data


def header(dtype: object, shape: object, data: object, codec: object = RAW) -> dict[str, object]:
    """Return the header of an array as it stands in a message."""
    return {"dtype": dtype, "shape": shape, "codec": codec, "data": data}


def assert_same_block(expected: FragmentBlock, actual: FragmentBlock) -> None:
    """Compare two blocks field by field: values, shapes and dtypes."""
    fields, others = ({**vars(block), **block.rows} for block in (expected, actual))
    assert fields.pop("rows").keys() == others["rows"].keys()
    for name, value in fields.items():
        other = others[name]
        if isinstance(value, np.ndarray):
            assert (value.dtype, value.shape) == (other.dtype, other.shape), name
            assert value.tobytes() == other.tobytes(), name
        else:
            assert value == other, name
