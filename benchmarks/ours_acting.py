"""Our side of the acting rows: a real actor over Ray, a shard that takes what it sends, and no learner."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.harness import Measure
from cluster.ray.runtime import RayRuntime
from config.loading import parse_config
from config.resolution import resolve
from network.weights import WeightsLayout
from replay.client import ShardClient
from replay.messages import Pace
from training.errors import TrainingFailedError
from training.parts.parts import Parts

TASK = "bench"
AHEAD = 30_000
"""Transitions that may come on top of those at the last look: what an actor does in some tenths of a second,
so that it never waits while it is measured, and soon comes to rest afterwards."""
LOOK_SECONDS, WARM_UP_SECONDS, START_SECONDS = 0.05, 0.5, 60.0


@contextmanager
def acting(env: str, num_envs: int) -> Iterator[Measure]:
    """Start an actor of `num_envs` streams over Ray; what is measured are transitions in replay a second."""
    config = parse_config(
        {
            "tasks": {TASK: {"env": env, "envs_per_actor": num_envs}},
            "replay": {"samples_per_insert": None},
            "learner": {"device": "cpu"},
        }
    )
    run = resolve(config)
    parts = Parts(run.config, run.specs)
    network = parts.network()
    with RayRuntime(parts, address=None) as runtime:
        runtime.weights.publish(WeightsLayout(network).snapshot(network))
        runtime.actors.start()
        yield Pacemaker(runtime.shards.clients[0], TASK, AHEAD).transitions_per_second
        runtime.actors.stop()


class Pacemaker:
    """Lets an actor go on while it is measured, and no further: the pace is the learner's to give.

    Args:
        client: of the shard that the actor keeps to.
        task: the actor's.
        ahead: transitions that may come on top of those at the last look.

    Attributes:
        ahead: as given.
        inserted: transitions in replay at the last look.
    """

    def __init__(self, client: ShardClient, task: str, ahead: int) -> None:
        self._client = client
        self._task = task
        self.ahead = ahead
        self.inserted = 0

    def transitions_per_second(self, seconds: float) -> float:
        """Let the actor act for so long, once it is at it."""
        self._begin()
        self._act_for(WARM_UP_SECONDS)
        before, start = self._look(), time.perf_counter()
        self._act_for(seconds)
        after, end = self._look(), time.perf_counter()
        self._come_to_rest()
        return (after - before) / (end - start)

    def _begin(self) -> None:
        at_rest, deadline = self._look(), time.perf_counter() + START_SECONDS
        while self._look(self.ahead) == at_rest:
            if time.perf_counter() > deadline:
                raise TrainingFailedError(f"the actor sent nothing for {START_SECONDS:.0f} s")
            time.sleep(LOOK_SECONDS)

    def _act_for(self, seconds: float) -> None:
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self._look(self.ahead)
            time.sleep(min(left, LOOK_SECONDS))

    def _come_to_rest(self) -> None:
        before = -1
        while self.inserted != before:
            before = self.inserted
            time.sleep(2 * LOOK_SECONDS)
            self._look()

    def _look(self, ahead: int = 0) -> int:
        """Return what was inserted so far, and let `ahead` more come on top of what the last look saw."""
        pace = Pace(weights_version=0, insert_until=self.inserted + ahead)
        self.inserted = self._client.watch(self._task, -1, pace).result().inserted
        return self.inserted
