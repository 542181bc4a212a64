"""Our side of the replay rows: one table in this process, and a run's shards over Ray."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import count, cycle
from typing import Any

import numpy as np

from actors.sender import BlockSender
from benchmarks.peers.worker import Step
from benchmarks.shapes import BATCH, BLOCK, ReplayShape
from cluster.ray.shard_crew import ShardCrew
from config.batches import supplies
from config.loading import parse_config
from learner.batch_source import BatchSource, Position
from learner.td import importance_weights
from replay.client import ShardUnavailableError
from replay.fragment import FragmentBlock, empty_block
from replay.messages import Pace, Sampled
from replay.rate_limiter import NO_LIMIT
from replay.row import TableShape
from replay.wire import encode_block
from tasks.choices import Choices
from tasks.observation import ObservationLayout
from tasks.spec import TaskSpec
from training.parts.parts import Parts

ACTIONS, PREPARED, FILLING_STREAMS = 2, 16, 8
IMPORTANCE_EXPONENT, N_STEP = 0.4, 1


class TableInProcess:
    """A full table; blocks of 64 transitions of one stream go in, batches of 512 come out."""

    def __init__(self, shape: ReplayShape) -> None:
        self._table = _parts({"bench": (shape, 1)}).replay.shard(0).tables["bench"]
        self._table.follow(NO_LIMIT)
        rng = np.random.default_rng(0)
        self._blocks = cycle([random_block("bench", shape, 1, rng) for _ in range(PREPARED)])
        self._priorities = cycle([rng.random(BATCH).astype(np.float32) for _ in range(PREPARED)])
        for _ in range(shape.capacity // BLOCK + 1):
            self.insert()

    def insert(self) -> float:
        """Insert a block; return its transitions."""
        self._table.insert(next(self._blocks), weights_version=0)
        return BLOCK

    def sample(self) -> float:
        """Draw a batch with importance weights and set its priorities anew; return 1."""
        sampled = self._table.sample(BATCH)
        assert isinstance(sampled, Sampled)
        importance_weights(sampled.probabilities, sampled.progress.items, IMPORTANCE_EXPONENT)
        self._table.update_priorities(sampled.keys, next(self._priorities))
        return 1


class ReplayOverRay:
    """A run's replay in processes of its own, filled; each task is on as many shards as is asked for.

    Args:
        tasks: of each task its shape and its number of shards; together they take that many `replay` slots.
    """

    def __init__(self, tasks: Mapping[str, tuple[ReplayShape, int]]) -> None:
        self._shapes = {task: shape for task, (shape, _) in tasks.items()}
        self._parts = _parts(tasks)
        self._crew = ShardCrew(self._parts)
        self._crew.wait_until_up()
        self._clients = self._crew.clients
        self._router = self._parts.replay.router(self._clients)
        for task in tasks:
            self._fill(task)

    def sampling(self, task: str) -> Step:
        """Return a step that takes one batch of a learner's, which asks for several ahead."""
        parts = self._parts
        supply = {task: supplies(parts.config, parts.specs)[task]}
        source = BatchSource(self._router, supply, lambda _: IMPORTANCE_EXPONENT, parts.device())
        position = Position(learner_step=0, weights_version=0)

        def step() -> float:
            if source.poll(position) is not None:
                return 1
            if self._router.down:
                raise ShardUnavailableError("; ".join(self._router.down.values()))
            source.wait(timeout_seconds=0.01)
            return 0

        return step

    def inserting(self, task: str) -> Step:
        """Return a step that sends a block of 64 transitions as an actor does, two on their way at most."""
        rng = np.random.default_rng(1)
        blocks = cycle([random_block(task, self._shapes[task], 1, rng) for _ in range(PREPARED)])
        producer = _Producer(
            f"{task}-actor", BlockSender(self._clients[self._parts.replay.shards_of(task)[0]])
        )
        return lambda: producer.send(next(blocks))

    def _fill(self, task: str) -> None:
        shards, shape = self._parts.replay.shards_of(task), self._shapes[task]
        block = random_block(task, shape, FILLING_STREAMS, np.random.default_rng(0))
        for shard in shards:
            self._clients[shard].watch(task, 0, Pace(weights_version=0, insert_until=NO_LIMIT))
            producer = _Producer(f"{task}-filling", BlockSender(self._clients[shard]))
            inserted = 0.0
            while inserted < shape.capacity / len(shards):
                inserted += producer.send(block)


class _Producer:
    """Sends numbered blocks in the name of one actor."""

    def __init__(self, actor: str, sender: BlockSender) -> None:
        self._actor = actor
        self._sender = sender
        self._sequence = count()

    def send(self, block: FragmentBlock) -> float:
        """Send a block once there is room; return its transitions."""
        while not self._sender.settle(timeout_seconds=1.0):
            pass
        numbered = replace(block, actor=self._actor, sequence=next(self._sequence))
        self._sender.send(encode_block(numbered), block.priorities.size)
        return block.priorities.size


def _parts(tasks: Mapping[str, tuple[ReplayShape, int]]) -> Parts:
    settings: dict[str, Any] = {
        "tasks": {
            task: {
                "env": "none",
                "frame_stack": shape.frame_stack,
                "capacity": shape.capacity,
                "actors": shards,
            }
            for task, (shape, shards) in tasks.items()
        },
        "replay": {
            "shards": sum(shards for _, shards in tasks.values()),
            "selector": "proportional",
            "n_step": N_STEP,
            "samples_per_insert": None,
            "min_size_to_sample": 1,
        },
        "actors": {"fragment_length": BLOCK},
        "learner": {"batch_size": BATCH * len(tasks), "device": "cpu"},
    }
    specs = [
        TaskSpec(
            task,
            "none",
            ObservationLayout.of_numbers(
                shape.dimensions[1:] if shape.frame_stack > 1 else shape.dimensions, shape.dtype
            ),
            Choices((ACTIONS,)),
            max_episode_steps=500,
            frame_stack=shape.frame_stack,
        )
        for task, (shape, _) in tasks.items()
    ]
    return Parts(parse_config(settings), specs)


def random_block(task: str, shape: ReplayShape, streams: int, rng: np.random.Generator) -> FragmentBlock:
    """Return fragments of 64 starts each, without episode ends, each frame in them once."""
    lead = shape.frame_stack - 1
    size = (streams, lead + BLOCK + N_STEP)
    frame_shape = shape.dimensions[1:] if lead else shape.dimensions
    empty = empty_block(
        TableShape(task, frame_shape, shape.dtype, ACTIONS), lead, BLOCK, streams, overlap=N_STEP
    )
    rows = {
        "frames": rng.integers(0, 256, (*size, *frame_shape)).astype(shape.dtype),
        "actions": rng.integers(0, ACTIONS, size).astype(np.int32),
        "rewards": rng.normal(size=size).astype(np.float32),
    }
    return replace(
        empty,
        actor="bench",
        rows={**empty.rows, **rows},
        priorities=rng.random((streams, BLOCK)).astype(np.float32),
    )
