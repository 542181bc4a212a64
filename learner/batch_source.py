"""The batch source: asks replay for transitions of every task, several updates ahead."""

import warnings
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from learner.batch import TaskBatch
from learner.td import importance_weights
from replay.draw import Draw
from replay.messages import Sampled
from replay.router import ReplayRouter

LARGE_BYTES = 2**20


@dataclass(frozen=True)
class Position:
    """Where the learner stands when it asks: its step, and the newest weights version it published."""

    learner_step: int
    weights_version: int


@dataclass(frozen=True)
class Supply:
    """How one task's transitions are asked for.

    Attributes:
        batch_size: transitions of an update.
        batches_per_request: batches in one request.
        requests: requests under way or not yet used up, at most.
        frame_stack: frames of an observation.
        weighted: whether items differ in probability, so that importance weights have to make up for it.
    """

    batch_size: int
    batches_per_request: int
    requests: int
    frame_stack: int = 1
    weighted: bool = True


class BatchSource:
    """One `TaskBatch` a task for each update, or nothing if any task has none yet.

        source = BatchSource(router, {"cartpole": Supply(128, batches_per_request=16, requests=2)},
                             importance_exponent=lambda step: 0.4, device=torch.device("cpu"))
        batches = source.poll(Position(learner_step, weights_version))
        if batches is None:
            source.wait(timeout_seconds=0.1)

    The next requests are under way while the last one's answer is used up; their number is bounded.
    """

    def __init__(
        self,
        router: ReplayRouter,
        supplies: Mapping[str, Supply],
        importance_exponent: Callable[[int], float],
        device: torch.device,
    ) -> None:
        self._importance_exponent = importance_exponent
        self._queues = [_TaskQueue(router, task, supply, device) for task, supply in supplies.items()]

    def poll(self, position: Position) -> list[TaskBatch] | None:
        """Return the next update's batches in the order of the tasks, or None; never a part of them."""
        exponent = self._importance_exponent(position.learner_step)
        ready = [queue.fill(position, exponent) for queue in self._queues]
        return [queue.take() for queue in self._queues] if all(ready) else None

    def wait(self, timeout_seconds: float) -> None:
        """Wait at most so long for what `poll` found missing."""
        missing = [queue for queue in self._queues if not queue.has_batch]
        for queue in missing:
            queue.wait(timeout_seconds / len(missing))

    def waiting_for(self) -> list[str]:
        """Return the tasks of which no batch is there."""
        return [queue.task for queue in self._queues if not queue.has_batch]


class _TaskQueue:
    """The batches of one task that have arrived, and the draws that are under way, oldest first."""

    def __init__(self, router: ReplayRouter, task: str, supply: Supply, device: torch.device) -> None:
        self.task = task
        self._router = router
        self._supply = supply
        self._request_size = supply.batch_size * supply.batches_per_request
        self._device = device
        self._arrived: list[TaskBatch] = []
        self._draws: deque[Draw] = deque()

    @property
    def has_batch(self) -> bool:
        return bool(self._arrived)

    def fill(self, position: Position, exponent: float) -> bool:
        """Take in the oldest draw if the last one is used up, keep others under way; return `has_batch`."""
        if not self._arrived and self._draws:
            sampled = self._router.collect(self._draws[0])
            if sampled is not None:
                self._draws.popleft()
                self._arrived = self._batches(sampled, position.weights_version, exponent)
        while len(self._draws) + bool(self._arrived) < self._supply.requests:
            draw = self._router.request(self.task, self._request_size, position.weights_version)
            if draw is None:
                break
            self._draws.append(draw)
        return self.has_batch

    def take(self) -> TaskBatch:
        return self._arrived.pop()

    def wait(self, timeout_seconds: float) -> None:
        if self._draws:
            self._draws[0].wait(timeout_seconds)
        else:
            self._router.wait(self.task, timeout_seconds)

    def _batches(self, sampled: Sampled, weights_version: int, exponent: float) -> list[TaskBatch]:
        """Cut a draw into batches."""
        count = self._supply.batches_per_request

        def batches_of(column: NDArray[Any]) -> tuple[Tensor, ...]:
            return _tensor(column.reshape(count, -1, *column.shape[1:]), self._device).unbind()

        columns = dict(sampled.columns)
        staleness = float(weights_version - columns.pop("weights_versions").mean())
        cut = zip(
            batches_of(columns.pop("windows")),
            columns.pop("bootstrap_starts").reshape(count, -1),
            batches_of(columns.pop("actions").astype(np.int64)),
            batches_of(columns.pop("rewards_n")),
            batches_of(columns.pop("discounts_n")),
            batches_of(self._importance(sampled, exponent)),
            np.split(sampled.keys.copy(), count),
            strict=True,
        )
        others = {name: batches_of(column) for name, column in columns.items()}
        batches = []
        for number, (windows, starts, action, reward_n, discount_n, importance, keys) in enumerate(cut):
            obs, next_obs = split_windows(windows, starts, self._supply.frame_stack)
            more = {name: tensors[number] for name, tensors in others.items()}
            batches.append(
                TaskBatch(
                    self.task, obs, action, reward_n, discount_n, next_obs, importance, keys, staleness, more
                )
            )
        return batches

    def _importance(self, sampled: Sampled, exponent: float) -> NDArray[np.float32]:
        if not self._supply.weighted:
            return np.ones(self._request_size, np.float32)
        probabilities = sampled.probabilities.reshape(self._supply.batches_per_request, -1)
        items = sampled.progress.items
        return np.concatenate([importance_weights(row, items, exponent) for row in probabilities])


def _tensor(column: NDArray[Any], device: torch.device) -> Tensor:
    """Return a column as a tensor, without a copy where it is the draw's own or large.

    Arrays that came through Ray lie read-only in its object store: small ones are copied out, a large one
    holds its memory there until its batches are used up, and their number is bounded.
    """
    if column.flags.writeable or column.nbytes >= LARGE_BYTES:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The given NumPy array is not writable")
            return torch.from_numpy(column).to(device)
    return torch.tensor(column, device=device)


def split_windows(windows: Tensor, starts: NDArray[np.int8], stack: int) -> tuple[Tensor, Tensor]:
    """Return observations and next observations of windows (B, W, *frame_shape), as views where possible.

    With a stack of 1 they are (B, *frame_shape), otherwise (B, stack, *frame_shape); `starts` (B,) says where
    in each window the stack to bootstrap from begins.
    """
    if stack == 1:
        return windows[:, 0], windows[:, 1]
    usual = windows.shape[1] - stack
    if (starts == usual).all():
        return windows[:, :stack], windows[:, usual:]
    begin_B1 = torch.from_numpy(starts.astype(np.int64)).to(windows.device).unsqueeze(1)
    place_BS = begin_B1 + torch.arange(stack, device=windows.device)
    batch_B1 = torch.arange(len(windows), device=windows.device).unsqueeze(1)
    return windows[:, :stack], windows[batch_B1, place_BS]
