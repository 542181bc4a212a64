"""The batch source: asks a shard for transitions of every task, several updates ahead."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from learner.batch import TaskBatch
from learner.td import importance_weights
from replay.client import Reply, ShardClient
from replay.messages import NotReady, SampleAnswer, Sampled


@dataclass(frozen=True)
class Position:
    """Where the learner stands when it asks: its step, and the newest weights version it published."""

    learner_step: int
    weights_version: int


class BatchSource:
    """One `TaskBatch` a task for each update, or nothing if any task has none yet.

        source = BatchSource(client, {"cartpole": 128, "mountaincar": 128}, batches_per_request=16,
                             importance_exponent=lambda step: 0.4, device=torch.device("cpu"))
        batches = source.poll(Position(learner_step, weights_version))
        if batches is None:
            source.wait(timeout_seconds=0.1)

    For each task one request of `batches_per_request` batches is under way while the last one's answer is
    used up; the number of requests never grows beyond that.
    """

    def __init__(
        self,
        client: ShardClient,
        batch_sizes: Mapping[str, int],
        batches_per_request: int,
        importance_exponent: Callable[[int], float],
        device: torch.device,
    ) -> None:
        self._importance_exponent = importance_exponent
        self._queues = [
            _TaskQueue(client, task, size, batches_per_request, device) for task, size in batch_sizes.items()
        ]

    def poll(self, position: Position) -> list[TaskBatch] | None:
        """Return the next update's batches in the order of the tasks, or None; never a part of them.

        Raises:
            ShardUnavailableError: a shard died or missed its deadline.
        """
        exponent = self._importance_exponent(position.learner_step)
        ready = [queue.fill(position, exponent) for queue in self._queues]
        return [queue.take() for queue in self._queues] if all(ready) else None

    def wait(self, timeout_seconds: float) -> None:
        """Wait at most so long for the answer to a request that `poll` found missing."""
        for queue in self._queues:
            queue.wait(timeout_seconds)

    def waiting_for(self) -> list[str]:
        """Return the tasks of which no batch is there."""
        return [queue.task for queue in self._queues if not queue.has_batch]


class _TaskQueue:
    """The batches of one task that have arrived, and the request that is under way."""

    def __init__(
        self, client: ShardClient, task: str, batch_size: int, batches_per_request: int, device: torch.device
    ) -> None:
        self.task = task
        self._client = client
        self._batch_size = batch_size
        self._request_size = batch_size * batches_per_request
        self._device = device
        self._arrived: list[TaskBatch] = []
        self._request: Reply[SampleAnswer] | None = None

    @property
    def has_batch(self) -> bool:
        return bool(self._arrived)

    def fill(self, position: Position, exponent: float) -> bool:
        """Take in an answer if the last one is used up, keep one request under way; return `has_batch`."""
        if not self._arrived and self._request is not None and self._request.wait(0.0):
            answer = self._request.result()
            self._request = None
            match answer:
                case Sampled():
                    self._arrived = self._batches(answer, position.weights_version, exponent)
                case NotReady():
                    pass
        if self._request is None:
            self._request = self._client.sample(self.task, self._request_size, position.weights_version)
        return self.has_batch

    def take(self) -> TaskBatch:
        return self._arrived.pop()

    def wait(self, timeout_seconds: float) -> None:
        if not self._arrived and self._request is not None:
            self._request.wait(timeout_seconds)

    def _batches(self, sampled: Sampled, weights_version: int, exponent: float) -> list[TaskBatch]:
        """Cut an answer into batches, copied out of whatever memory the answer lies in."""
        count = self._request_size // self._batch_size

        def batches_of(column: NDArray[Any]) -> tuple[Tensor, ...]:
            return torch.tensor(column.reshape(count, -1, *column.shape[1:]), device=self._device).unbind()

        importance = [
            importance_weights(probabilities, sampled.num_items, exponent)
            for probabilities in np.split(sampled.probabilities, count)
        ]
        staleness = float(weights_version - sampled.weights_versions.mean())
        return [
            TaskBatch(self.task, obs, action, reward_n, discount_n, next_obs, weights, keys, staleness)
            for obs, action, reward_n, discount_n, next_obs, weights, keys in zip(
                batches_of(sampled.observations),
                batches_of(sampled.actions),
                batches_of(sampled.rewards_n),
                batches_of(sampled.discounts_n),
                batches_of(sampled.next_observations),
                batches_of(np.concatenate(importance)),
                np.split(sampled.keys.copy(), count),
                strict=True,
            )
        ]
