"""What inserts, samples and readings of replay cost, by running them over Ray against shards of a run."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
import torch
from numpy.typing import NDArray

from actors.sender import BlockSender
from benchmarks.scale.processes import SHARD, cpu_seconds
from benchmarks.scale.workload import TASK
from config.batches import supplies
from config.rates import rate_limiter
from learner.batch import TaskBatch
from learner.batch_source import BatchSource, Position
from learner.priority_feedback import PriorityFeedback
from replay.client import ShardClient
from replay.fragment import FragmentBlock, empty_block
from replay.messages import Pace, Sampled
from replay.rate_limiter import NO_LIMIT
from replay.router import ReplayRouter
from replay.row import table_shape
from replay.task_book import Spread
from replay.wire import encode_block
from tasks.environment import CheckedVector
from training.parts.parts import Parts
from training.updating import FEEDBACK_PERIOD

SMALLER = 8
"""Transitions of a request over those of the small one, by which calls and items are told apart."""
LIVES = 1000
OPEN = Pace(weights_version=0, insert_until=NO_LIMIT)


@dataclass(frozen=True)
class Used:
    """CPU seconds of one call: of this thread, of this process's others, of all shards together."""

    thread: float
    beside: float
    shards: float


class ReplayCosts:
    """Two shards of a run that is measured, filled with blocks as its actors would write them.

    Args:
        parts: of the run; with two shards.
        clients: the ways to them.
        seconds: of each measurement.
        rounds: of which medians are taken.
    """

    def __init__(self, parts: Parts, clients: list[ShardClient], seconds: float, rounds: int) -> None:
        self._parts, self._clients = parts, clients
        self._seconds, self._rounds = seconds, rounds
        self._block = example_block(parts)
        self._sequence = count()
        self.block_bytes = len(encode_block(self._block))
        for client in clients:
            client.watch(TASK, -1, OPEN).result()
            sender = BlockSender(client)
            for _ in range(
                parts.replay.capacities()[TASK] // (len(clients) * self._block.priorities.size) + 1
            ):
                self._insert(sender)

    def insert(self) -> Used:
        """Return what the insert of a block costs."""
        sender = BlockSender(self._clients[0])
        return self._used(lambda: self._insert(sender))

    def answer(self) -> Used:
        """Return what one shard's answer of a single transition costs."""

        def ask() -> int:
            self._clients[0].sample(TASK, 1, OPEN).result()
            return 1

        return self._used(ask)

    def request(self, smaller: int, shards: int) -> Used:
        """Return what a request of the learner costs, `smaller` times as small, to so many shards."""
        supply = supplies(self._parts.config, self._parts.specs)[TASK]
        supply = replace(supply, batch_size=supply.batch_size // smaller)
        limiter = rate_limiter(self._parts.config, self._parts.specs[0])
        spread = {TASK: Spread(list(range(shards)), limiter)}
        router = ReplayRouter(self._clients, spread, np.random.default_rng(0))
        source = BatchSource(router, {TASK: supply}, lambda _: 0.4, torch.device("cpu"))
        feedback = PriorityFeedback(router, FEEDBACK_PERIOD)
        errors_B = torch.rand(supply.batch_size)

        def take() -> int:
            batches = source.poll(Position(learner_step=0, weights_version=0))
            if batches is None:
                source.wait(0.05)
                return 0
            feedback.add(batches, [errors_B])
            return 1

        used = self._used(take)
        batches = supply.batches_per_request
        return Used(batches * used.thread, batches * used.beside, batches * used.shards)

    def batch(self) -> list[TaskBatch]:
        """Return the batches of one update."""
        source = self._parts.replay.batch_source(
            self._parts.replay.router(self._clients), torch.device("cpu")
        )
        while (batches := source.poll(Position(learner_step=0, weights_version=0))) is None:
            source.wait(0.05)
        return batches

    def item_bytes(self) -> float:
        """Return the bytes of one transition in a shard's answer."""
        size = 64
        answer = self._clients[0].sample(TASK, size, OPEN).result()
        assert isinstance(answer, Sampled)
        return answer_bytes(answer) / size

    def readings(self) -> tuple[float, float]:
        """Return what a reading of one shard's counters costs, and what each actor's entry adds to it."""

        def read() -> int:
            self._clients[1].stats().result()
            return 1

        few = self._used(read)
        sender = BlockSender(self._clients[1])
        cut = _first_fragment(self._block)
        for number in range(LIVES):
            self._send(sender, replace(cut, actor=f"life-{number}"))
        many = self._used(read)
        added = many.thread + many.beside - few.thread - few.beside
        return few.thread + few.beside, max(0.0, added / LIVES)

    def _insert(self, sender: BlockSender) -> int:
        self._send(sender, self._block)
        return 1

    def _send(self, sender: BlockSender, block: FragmentBlock) -> None:
        while not sender.settle(timeout_seconds=1.0):
            pass
        numbered = replace(block, sequence=next(self._sequence))
        sender.send(encode_block(numbered), block.priorities.size)

    def _used(self, call: Callable[[], int]) -> Used:
        """Return the medians over the rounds; `call` returns how much it got done."""
        self._once(call, self._seconds / 2)
        rounds = [self._once(call, self._seconds) for _ in range(self._rounds)]
        return Used(*(statistics.median(values) for values in zip(*rounds, strict=True)))

    def _once(self, call: Callable[[], int], seconds: float) -> tuple[float, float, float]:
        done, shards = 0, cpu_seconds()[SHARD]
        thread, process = time.thread_time(), time.process_time()
        end = time.perf_counter() + seconds
        while time.perf_counter() < end or not done:
            done += call()
        thread, process = time.thread_time() - thread, time.process_time() - process
        shards = cpu_seconds()[SHARD] - shards
        return thread / done, max(0.0, process - thread) / done, shards / done


def answer_bytes(answer: Sampled) -> int:
    """Return the bytes of all arrays in a shard's answer."""
    return sum(array.nbytes for array in (*answer.columns.values(), answer.probabilities, answer.keys))


def example_block(parts: Parts) -> FragmentBlock:
    """Return a block as an actor of the task writes it, played at random, its episode ends left out."""
    (spec,), task = parts.specs, parts.config.tasks[TASK]
    rng, lead = np.random.default_rng(0), spec.frame_stack - 1
    length = parts.config.actors.fragment_length
    vector = CheckedVector(spec, task.envs_per_actor, seed=0)
    frames: list[NDArray[np.generic]] = [vector.reset()]
    while len(frames) < lead + length + parts.config.replay.n_step:
        frames.append(vector.step(rng.integers(spec.choices.total, size=task.envs_per_actor))[0])
    vector.close()
    size = (task.envs_per_actor, len(frames))
    empty = empty_block(
        table_shape(spec), lead, length, streams=task.envs_per_actor, overlap=parts.config.replay.n_step
    )
    rows = {
        "frames": np.stack(frames, axis=1),
        "actions": rng.integers(spec.choices.total, size=size).astype(np.int32),
        "rewards": rng.normal(size=size).astype(np.float32),
    }
    return replace(
        empty,
        actor="bench",
        rows={**empty.rows, **rows},
        priorities=rng.random((task.envs_per_actor, length)).astype(np.float32),
    )


def _first_fragment(block: FragmentBlock) -> FragmentBlock:
    rows = {name: column[:1] for name, column in block.rows.items()}
    return replace(block, rows=rows, priorities=block.priorities[:1])
