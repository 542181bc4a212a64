"""What a simulated run stands on: shards that keep the rate, threads, the board, the network, the cores."""

from collections import Counter, deque

import numpy as np

from actors.sender import MAX_IN_FLIGHT
from benchmarks.scale.costs import Costs, Setting
from benchmarks.scale.queueing import Clock, Process, Servers, Then
from benchmarks.scale.stations import (
    ACTING,
    BITS,
    BOARD,
    CORES,
    FETCHING,
    LEARNER_IN,
    LEARNER_OUT,
    SHARD_IN,
    SHARD_OUT,
    SHARDS,
    UPDATE,
    bottleneck,
    stations,
)
from cluster.ray.shard_process import HELD_BLOCKS
from replay.rate_limiter import RateLimiter, smallest_error_buffer

MIN_SIZE, SLICE_SECONDS, DRAWN_AHEAD = 1000, 2e-3, 4096
BLOCKS, REQUESTS = 300, 60
"""That go through until a run counts as steady."""


class Times:
    """Service times with a given mean."""

    def __init__(self, spread: float, seed: int) -> None:
        self._spread = spread
        self._rng = np.random.default_rng(seed)
        self._factors: list[float] = []

    def around(self, mean: float) -> float:
        """Return one of them."""
        if self._spread == 0.0:
            return mean
        if not self._factors:
            shape = 1 / self._spread**2
            self._factors = self._rng.gamma(shape, 1 / shape, DRAWN_AHEAD).tolist()
        return mean * self._factors.pop()


class Run:
    """All but actors and learner: shards, threads, board, network, cores, and what passes between them.

    Attributes:
        version: of the weights, newest.
        updates: made.
        steps: env steps taken in.
        samples: transitions asked for.
        resent: blocks that had to be sent again.
        on_insert: called whenever a block was taken in.
    """

    def __init__(self, costs: Costs, setting: Setting, times: Times) -> None:
        self.costs, self.setting, self.shape, self.times = costs, setting, costs.shape, times
        self.clock = clock = Clock()
        self.cores = Servers(clock, setting.cores, SLICE_SECONDS if setting.cores else None)
        self.acting_seconds = 0.0
        self.shards = [Process(self.cores) for _ in range(setting.shards)]
        self.learner, self.fetching, self.board = (Process(self.cores) for _ in range(3))
        self.learner_in, self.learner_out = Servers(clock), Servers(clock)
        self.shards_in = [Servers(clock) for _ in self.shards]
        self.shards_out = [Servers(clock) for _ in self.shards]
        least = smallest_error_buffer(
            setting.samples_per_insert, self.shape.block_items, self.shape.request_items, setting.shards
        )
        self.limiter = RateLimiter(setting.samples_per_insert, MIN_SIZE, 2 * least)
        self.held: deque[tuple[int, Then]] = deque()
        self.held_by: Counter[int] = Counter()
        self.copies: Counter[int] = Counter()
        self.version = self.updates = self.steps = self.samples = self.resent = 0
        self.on_insert: Then = lambda: None

    def seconds_until_steady(self) -> float:
        """Return a time after which queues are as they stay.

        Every actor has made its blocks by then, the shards have seen them, and hundreds more went through.
        """
        costs, setting, block = self.costs, self.setting, self.shape.block_items
        rate = bottleneck(stations(costs, setting)).capacity
        request = self.shape.request_items / setting.samples_per_insert
        first_blocks = MAX_IN_FLIGHT * setting.actors / setting.shards * costs.insert
        return max(BLOCKS * block / rate, REQUESTS * request / rate, 4 * block * costs.step, 2 * first_blocks)

    def busy(self) -> dict[str, float]:
        """Return the seconds of work that each station has done."""
        found = {
            ACTING: self.acting_seconds,
            SHARDS: sum(shard.busy_seconds for shard in self.shards),
            UPDATE: self.learner.busy_seconds,
            FETCHING: self.fetching.busy_seconds,
            BOARD: self.board.busy_seconds,
        }
        if self.setting.cores is not None:
            return {**found, CORES: self.cores.busy_seconds}
        return {
            **found,
            LEARNER_IN: self.learner_in.busy_seconds,
            LEARNER_OUT: self.learner_out.busy_seconds,
            SHARD_IN: sum(link.busy_seconds for link in self.shards_in),
            SHARD_OUT: sum(link.busy_seconds for link in self.shards_out),
        }

    def send(self, link: Servers, size: float, then: Then) -> None:
        """Bring so many bytes over a host's network, if there is one in between."""
        if self.setting.cores is None:
            link.serve(size * BITS / self.setting.network_bits, then)
        else:
            then()

    def insert(self, shard: int, acknowledged: Then) -> None:
        """Bring a block to a shard; its acknowledgement comes once the rate lets it in."""

        def arrived() -> None:
            self.shards[shard].serve(self.times.around(self.costs.insert), decided)

        def decided() -> None:
            if not self.held and self._admits():
                self._take_in(acknowledged)
            elif self.held_by[shard] < HELD_BLOCKS:
                self.held_by[shard] += 1
                self.held.append((shard, acknowledged))
            else:
                self.resent += 1
                self.insert(shard, acknowledged)

        self.send(self.shards_in[shard], self.costs.block_bytes, arrived)

    def release(self) -> None:
        """Take in held blocks, oldest first, as far as the rate goes."""
        while self.held and self._admits():
            shard, acknowledged = self.held.popleft()
            self.held_by[shard] -= 1
            self._take_in(acknowledged)

    def _admits(self) -> bool:
        return self.steps + self.shape.block_items <= self.limiter.most_inserts(self.samples)

    def _take_in(self, acknowledged: Then) -> None:
        self.steps += self.shape.block_items
        acknowledged()
        self.on_insert()
