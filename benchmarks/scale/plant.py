"""What actors, shards and learner of a simulated run share: the clock, the cores, the network, the board."""

import random
from collections import Counter, defaultdict
from dataclasses import dataclass

import simpy
from simpy.events import Event, ProcessGenerator

from benchmarks.scale.costs import Costs, Setting
from benchmarks.scale.stations import BITS, BOARD, CORES, FETCHING, LEARNER_IN, LEARNER_OUT, UPDATE

SLICE_SECONDS = 2e-3
"""After which a thread makes room on its core for the next one, as operating systems see to it."""


@dataclass(frozen=True)
class Server:
    """A thread, or one direction of a host's network: first come, first served.

    Attributes:
        station: to which it belongs.
        turn: what its users request.
    """

    station: str
    turn: simpy.Resource


class Plant:
    """One run's machines, and what was done on them.

        plant = Plant(costs, setting, spread=0.5, seed=0)
        yield from plant.serve(plant.board, 4e-4)              # in a process of SimPy

    Args:
        costs: of the parts; service times are drawn around them.
        setting: how many of each.
        spread: standard deviation of a service time over its mean: gamma distributed, 0 for always the same.
        seed: of the draws.

    Attributes:
        env: SimPy's environment.
        learner: the learner's thread.
        fetching: the threads beside it.
        board: of the weights.
        learner_in: the network into the learner's host.
        learner_out: the network out of it.
        version: of the weights, newest.
        counts: env `steps` taken in, `updates` made, blocks `resent`.
        busy: seconds of work by station.
    """

    def __init__(self, costs: Costs, setting: Setting, spread: float, seed: int) -> None:
        self.costs, self.setting = costs, setting
        self.env = simpy.Environment()
        self.learner, self.fetching, self.board = map(self.server, (UPDATE, FETCHING, BOARD))
        self.learner_in, self.learner_out = map(self.server, (LEARNER_IN, LEARNER_OUT))
        self.version = 0
        self.counts: Counter[str] = Counter()
        self.busy: defaultdict[str, float] = defaultdict(float)
        self._cores = None if setting.cores is None else simpy.Resource(self.env, setting.cores)
        self._spread, self._rng = spread, random.Random(seed)

    def server(self, station: str) -> Server:
        """Return one more server of a station."""
        return Server(station, simpy.Resource(self.env))

    def compute(self, seconds: float) -> ProcessGenerator:
        """Use a core for so many seconds: one's own in a cluster, on one machine those that all share."""
        if self._cores is None:
            yield self.env.timeout(seconds)
            return
        while seconds > 0.0:
            part = min(seconds, SLICE_SECONDS)
            with self._cores.request() as turn:
                yield turn
                yield self.env.timeout(part)
            self.busy[CORES] += part
            seconds -= part

    def serve(self, server: Server, seconds: float) -> ProcessGenerator:
        """Queue up at a server, and take so many seconds of it."""
        with server.turn.request() as turn:
            yield turn
            yield from self.compute(seconds)
        self.busy[server.station] += seconds

    def send(self, link: Server, size: float) -> ProcessGenerator:
        """Bring so many bytes over a host's network; on one machine there is none in between."""
        if self._cores is None:
            yield from self.serve(link, size * BITS / self.setting.network_bits)

    def around(self, mean: float) -> float:
        """Return a service time with a given mean."""
        if self._spread == 0.0:
            return mean
        shape = self._spread**-2
        return mean * self._rng.gammavariate(shape, 1.0 / shape)


class Bell:
    """Wakes all who wait for news with `yield bell.rung`."""

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        self.rung = env.event()

    def ring(self, _news: Event | None = None) -> None:
        """Wake them; whoever waits from now on waits for what comes next."""
        if self.rung.callbacks:
            self.rung.succeed()
            self.rung = self._env.event()
