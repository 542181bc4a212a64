"""Sends new priorities back to replay, several updates' worth in one call."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from learner.batch import TaskBatch
from replay.router import ReplayRouter


class PriorityFeedback:
    """Collects |TD errors| by item and sends them every `period` updates; nobody waits for an answer."""

    def __init__(self, router: ReplayRouter, period: int) -> None:
        self._router = router
        self._period = period
        self._collected: dict[str, list[tuple[NDArray[np.int64], Tensor]]] = {}

    def add(self, batches: Sequence[TaskBatch], abs_td_errors: Sequence[Tensor]) -> None:
        """Take in one update's TD errors, one (B,) a task."""
        for batch, error_B in zip(batches, abs_td_errors, strict=True):
            collected = self._collected.setdefault(batch.task, [])
            collected.append((batch.keys, error_B))
            if len(collected) == self._period:
                self._send(batch.task)

    def _send(self, task: str) -> None:
        collected = self._collected.pop(task)
        keys = np.concatenate([keys for keys, _ in collected])
        priorities = torch.cat([errors for _, errors in collected]).cpu().numpy()
        self._router.update_priorities(task, keys, priorities)
