"""Actors and evaluators as Ray actors."""

from typing import Any

import torch

from actors.actor import ActorReport
from actors.evaluation import EpisodeReturns
from deploy.parts import Parts
from deploy.ray.shard_client import RayShardClient
from deploy.ray.shards import shard_name
from deploy.ray.weights import RayWeightsSource
from network.weights import WeightsSnapshot
from tasks.spec import TaskSpec

STEP_SECONDS = 0.5
DRAIN_SECONDS = 5.0


class ActorHost:
    """One actor in a process of its own; `stop` may be called while `run` runs."""

    def __init__(self, parts: Parts, task: str, index: int, incarnation: int) -> None:
        torch.set_num_threads(1)
        self._parts = parts
        self._spec = _spec(parts, task)
        self._index = index
        self._incarnation = incarnation
        self._stopped = False

    def run(self, board: Any) -> ActorReport:  # noqa: ANN401 - ray's own type
        """Act until stopped, always with the same shard."""
        shard = self._parts.replay.shard_of_actor(self._spec.name, self._index)
        client = RayShardClient(shard_name(shard))
        source = RayWeightsSource(board)
        actor = self._parts.actor(self._spec, self._index, self._incarnation, client, source)
        while not self._stopped:
            actor.advance(STEP_SECONDS)
        return actor.stop(DRAIN_SECONDS)

    def stop(self) -> None:
        """Let `run` end after the block at hand."""
        self._stopped = True


class EvaluatorHost:
    """Evaluates weights greedily, a task at a time."""

    def __init__(self, parts: Parts) -> None:
        torch.set_num_threads(1)
        self._parts = parts

    def evaluate(
        self, task: str, snapshot: WeightsSnapshot, episodes: int, round_number: int
    ) -> EpisodeReturns:
        """Return the returns of fresh greedy episodes."""
        return self._parts.evaluate(_spec(self._parts, task), snapshot, episodes, round_number)


def _spec(parts: Parts, task: str) -> TaskSpec:
    return next(spec for spec in parts.specs if spec.name == task)
