"""Actors and evaluators as Ray actors."""

import asyncio
import os
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

import torch

from actors.actor import Actor, ActorReport
from actors.evaluation import EpisodeReturns
from cluster.ray.nodes import own_node_id
from cluster.ray.shard_client import RayShardClient
from cluster.ray.shard_crew import shard_name
from cluster.ray.weights import RayWeightsSource
from network.weights import WeightsSnapshot
from tasks.errors import told
from tasks.spec import TaskSpec
from training.parts.parts import Parts

STEP_SECONDS = 0.5
DRAIN_SECONDS = 5.0
UNNOTICED_SECONDS = 300.0
"""Time for which a process whose actor has ended waits for somebody to hear why."""


class ActorHost:
    """One actor in a process of its own; it acts on a thread, so that questions are answered meanwhile.

    It goes on while no learner is there, as far as replay lets it, and whichever learner comes next may take
    it over.
    """

    def __init__(self, parts: Parts, task: str, index: int, life: int, crew_size: int) -> None:
        torch.set_num_threads(1)
        self._parts = parts
        self._spec = _spec(parts, task)
        self._index = index
        self._life = life
        self._crew_size = crew_size
        self._stopped = False
        self._actor: Actor | None = None
        self._outcome: Future[ActorReport] = Future()
        threading.Thread(target=self._live, daemon=True).start()

    async def ended(self) -> ActorReport:
        """Wait until the actor has ended in order, and return its report; raise what it failed with."""
        return await asyncio.wrap_future(self._outcome)

    async def identity(self) -> tuple[str, str]:
        """Return the fingerprint of what it works on, and the node that it works on."""
        return self._parts.fingerprint, own_node_id()

    async def stop(self) -> None:
        """Let the actor end after the step at hand."""
        self._stopped = True
        if self._actor is not None:
            self._actor.halt()

    def _live(self) -> None:
        try:
            self._outcome.set_result(self._act())
        except BaseException as error:
            self._outcome.set_exception(_exception(error))
        time.sleep(UNNOTICED_SECONDS)
        os._exit(1)

    def _act(self) -> ActorReport:
        """Act until stopped, always with the same shard."""
        shard = self._parts.replay.shard_of_actor(self._spec.name, self._index)
        client = RayShardClient(shard_name(shard))
        source = RayWeightsSource()
        actor = self._actor = self._parts.actor(
            self._spec, self._index, self._life, self._crew_size, client, source, time.monotonic
        )
        while not self._stopped:
            actor.advance(STEP_SECONDS)
        return actor.stop(DRAIN_SECONDS)


class EvaluatorHost:
    """Evaluates weights greedily, a task at a time; it plays on a thread, so that questions are answered."""

    def __init__(self, parts: Parts) -> None:
        torch.set_num_threads(1)
        self._parts = parts
        self._thread = ThreadPoolExecutor(max_workers=1)

    async def evaluate(
        self, task: str, snapshot: WeightsSnapshot, episodes: int, round_number: int
    ) -> EpisodeReturns:
        """Return the returns of fresh greedy episodes."""
        arguments = (_spec(self._parts, task), snapshot, episodes, round_number)
        return await asyncio.wrap_future(self._thread.submit(self._play, *arguments))

    async def beats(self) -> int:
        """Return how many constructions, resets and steps of environments have ended in this process."""
        return self._parts.evaluators.beats

    async def close(self) -> None:
        """Play no more, and close the environments."""
        self._parts.evaluators.stop()
        await asyncio.wrap_future(self._thread.submit(self._parts.evaluators.close))

    def _play(
        self, spec: TaskSpec, snapshot: WeightsSnapshot, episodes: int, round_number: int
    ) -> EpisodeReturns:
        try:
            return self._parts.evaluate(spec, snapshot, episodes, round_number)
        except BaseException as error:
            raise _exception(error) from error


def _exception(error: BaseException) -> Exception:
    """Return an error as one that ends nothing but the call: an environment may leave by `sys.exit`."""
    return error if isinstance(error, Exception) else RuntimeError(f"an environment raised {told(error)}")


def _spec(parts: Parts, task: str) -> TaskSpec:
    return next(spec for spec in parts.specs if spec.name == task)
