"""What a shard's process takes, over as many inserts as ten minutes bring."""

from collections import deque
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import ray

from cluster.ray.connection import cluster
from cluster.ray.shard_crew import ShardCrew
from config.schema import RunConfig
from replay.messages import Inserted, Pace
from replay.rate_limiter import NO_LIMIT
from replay.wire import encode_block
from tests.support.builders import make_block, make_spec
from tests.support.processes import pid_of, private_bytes
from tests.support.shard_books import problems_of
from training.parts.parts import Parts

pytestmark = [pytest.mark.ray, pytest.mark.slow]

MIB = 2**20
VECTOR_BLOCKS, IMAGE_BLOCKS = 4_000, 2_000
"""Ten minutes of 1,700 vector transitions and 213 images a second, in blocks of 256 and 64."""
FILL = 500
"""Blocks of each task until both tables are full and everything that will be allocated is."""


def test_memory_stands_still_over_ten_minutes_of_inserts_and_samples():
    """Rows are copied into rings: nothing keeps a view into Ray's object store, and no queue grows."""
    config = RunConfig.model_validate(
        {
            "tasks": {name: {"env": "none", "envs_per_actor": 4} for name in ("vector", "image")},
            "replay": {"capacity": 20_000, "n_step": 1, "samples_per_insert": None},
            "actors": {"fragment_length": 64},
        }
    )
    vector = make_spec("vector", (4,))
    image = make_spec("image", (84, 84), observation_dtype="uint8")
    with cluster(None, {"replay": 1}):
        crew = ShardCrew(Parts(config, [vector, image]))
        crew.wait_until_up()
        for task in ("vector", "image"):
            crew.clients[0].watch(task, -1, Pace(0, NO_LIMIT)).result()
        pid = pid_of("ray::ShardHost")
        insert_and_sample(crew, 0, FILL, FILL)
        before = private_bytes(pid)
        free_before = ray.available_resources()["object_store_memory"]
        insert_and_sample(crew, FILL, VECTOR_BLOCKS, IMAGE_BLOCKS)
        assert private_bytes(pid) - before < 8 * MIB
        free_after = ray.available_resources()["object_store_memory"]
        assert free_before - free_after < 64 * MIB
        stats = crew.clients[0].stats().result()
        assert stats.tables["vector"].inserted == 256 * (FILL + VECTOR_BLOCKS)
        assert stats.tables["image"].evicted == 64 * (FILL + IMAGE_BLOCKS) - stats.tables["image"].items
        assert problems_of(crew) == []


def insert_and_sample(crew: ShardCrew, first: int, vector_blocks: int, image_blocks: int) -> None:
    """Insert blocks with two of a task in flight, as an actor does, and sample now and then."""
    client = crew.clients[0]
    for task, count, shape in (("vector", vector_blocks, (4, (4,))), ("image", image_blocks, (1, (84, 84)))):
        streams, frame_shape = shape
        dtype = "uint8" if task == "image" else "float32"
        block = make_block(
            task, streams, 64, 1, frame_shape=frame_shape, frame_dtype=dtype, rng=np.random.default_rng(0)
        )
        in_flight: deque[Any] = deque()
        for sequence in range(first, first + count):
            if len(in_flight) == 2:
                assert isinstance(in_flight.popleft().result(), Inserted)
            in_flight.append(client.insert(encode_block(replace(block, sequence=sequence))))
            if sequence % 50 == 0:
                client.sample(task, 128, Pace(0, NO_LIMIT)).result()
        assert all(isinstance(reply.result(), Inserted) for reply in in_flight)
