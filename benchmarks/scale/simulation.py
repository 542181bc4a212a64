"""A run as a network of queues: actors, shards, the learner's threads, the board, the network, the cores.

Every part follows its counterpart: `actors/actor.py` and `actors/sender.py`, `cluster/ray/shard_process.py`,
`learner/batch_source.py`, `training/loop.py`, `cluster/ray/weights.py`; the rate is kept by the run's own
`RateLimiter`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from actors.sender import MAX_IN_FLIGHT
from benchmarks.scale.costs import Costs, Setting
from benchmarks.scale.plant import Run, Times
from benchmarks.scale.stations import stations, take_seconds
from cluster.ray.actor_crew import LOOK_SECONDS
from training.loop import STATS_PERIOD


@dataclass(frozen=True)
class Simulated:
    """What came of a simulated run.

    Attributes:
        steps_per_second: env steps that replay took in.
        updates_per_second: updates made.
        utilisation: of each station, its servers' share of busy time.
        resent: blocks that had to be sent again, for each that was taken in.
    """

    steps_per_second: float
    updates_per_second: float
    utilisation: Mapping[str, float]
    resent: float


def simulate(costs: Costs, setting: Setting, spread: float = 0.5, seed: int = 0) -> Simulated:
    """Simulate a run until it is steady, and as long again.

    Args:
        costs: of its parts; service times are drawn around them.
        setting: how many of each.
        spread: standard deviation of a service time over its mean: gamma distributed, 0 for always the same.
        seed: of the draws.
    """
    run = Run(costs, setting, Times(spread, seed))
    _Learner(run)
    for index in range(setting.actors):
        _Actor(run, index)
    steady = run.seconds_until_steady()
    run.clock.run(steady)
    before, updates, steps, resent = run.busy(), run.updates, run.steps, run.resent
    run.clock.run(2 * steady)
    busy = {name: (seconds - before[name]) / steady for name, seconds in run.busy().items()}
    servers = {station.name: station.servers for station in stations(costs, setting)}
    inserted = run.steps - steps
    return Simulated(
        steps_per_second=inserted / steady,
        updates_per_second=(run.updates - updates) / steady,
        utilisation={name: seconds / servers[name] for name, seconds in busy.items()},
        resent=(run.resent - resent) * costs.shape.block_items / max(1, inserted),
    )


class _Actor:
    """Makes a block, sends it, pulls weights if there are newer ones, makes the next."""

    def __init__(self, run: Run, index: int) -> None:
        self._run = run
        self._shard = index % run.setting.shards
        self._node = index // run.setting.actors_per_node
        self._in_flight = self._version = 0
        self._idle = False
        self._act()

    def _act(self) -> None:
        costs, items = self._run.costs, self._run.shape.block_items
        computing = self._run.times.around(costs.step_cpu * items)
        waiting = max(0.0, costs.step - costs.step_cpu) * items
        self._run.acting_seconds += computing + waiting
        self._run.clock.after(waiting, lambda: self._run.cores.serve(computing, self._made))

    def _made(self) -> None:
        self._in_flight += 1
        self._run.insert(self._shard, self._acknowledged)
        self._go_on()

    def _acknowledged(self) -> None:
        self._in_flight -= 1
        if self._idle:
            self._go_on()

    def _go_on(self) -> None:
        self._idle = self._in_flight >= MAX_IN_FLIGHT
        if self._idle:
            return
        if self._version == self._run.version:
            self._act()
        else:
            self._run.board.serve(self._run.times.around(self._run.costs.pull), self._pulled)

    def _pulled(self) -> None:
        run = self._run
        self._version = run.version
        if run.copies[self._node] < run.version:
            run.copies[self._node] = run.version
            run.send(run.learner_out, run.costs.weights_bytes, self._load)
        else:
            self._load()

    def _load(self) -> None:
        run = self._run
        seconds = run.times.around(run.costs.load)
        run.acting_seconds += seconds
        run.cores.serve(seconds, self._act)


class _Learner:
    """Asks for batches ahead, makes updates of them, publishes, and looks after actors and shards."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._under_way = self._batches = 0
        self._updating = False
        self._look = run.setting.actors * run.costs.look
        self._cost = run.costs.update + take_seconds(run.costs, run.setting.shards)
        setting, costs = run.setting, run.costs
        self._readings = setting.shards * costs.reading + setting.actors * costs.reading_life
        run.on_insert = self._request
        self._tick()

    def _tick(self) -> None:
        run = self._run
        run.learner.serve(self._look, lambda: None)
        if run.setting.cores is not None:
            for _ in range(run.setting.cores):
                part = run.costs.background / run.setting.cores
                run.cores.serve(part * LOOK_SECONDS, lambda: None)
        run.clock.after(LOOK_SECONDS, self._tick)

    def _request(self) -> None:
        run, size = self._run, self._run.shape.request_items
        while self._under_way - (-self._batches // run.shape.batches_per_request) < run.shape.requests:
            if not run.limiter.may_sample(run.steps, run.samples, size):
                return
            run.samples += size
            self._under_way += 1
            self._draw(size / run.setting.shards)
            run.release()

    def _draw(self, items: float) -> None:
        """Ask every shard for its part; the draw is there with the last of them."""
        run, costs = self._run, self._run.costs
        missing = [run.setting.shards]

        def fetched() -> None:
            missing[0] -= 1
            if not missing[0]:
                self._arrived()

        def ask(shard: int) -> None:
            size = items * costs.item_bytes
            fetch = run.times.around(costs.fetch_call + items * costs.fetch_item)
            run.shards[shard].serve(
                run.times.around(costs.sample_call + items * costs.sample_item),
                lambda: run.send(
                    run.shards_out[shard],
                    size,
                    lambda: run.send(run.learner_in, size, lambda: run.fetching.serve(fetch, fetched)),
                ),
            )

        for shard in range(run.setting.shards):
            ask(shard)

    def _arrived(self) -> None:
        self._under_way -= 1
        self._batches += self._run.shape.batches_per_request
        self._request()
        if not self._updating:
            self._update()

    def _update(self) -> None:
        self._updating = self._batches > 0
        if self._updating:
            run, number = self._run, self._run.updates + 1
            seconds = run.times.around(self._cost)
            seconds += run.costs.publish * (number % run.shape.publish_period == 0)
            seconds += self._readings * (number % STATS_PERIOD == 0)
            run.learner.serve(seconds, self._updated)

    def _updated(self) -> None:
        self._batches -= 1
        self._run.updates += 1
        self._run.version += self._run.updates % self._run.shape.publish_period == 0
        self._request()
        self._update()
