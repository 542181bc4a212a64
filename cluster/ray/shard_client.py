"""The client of a shard in another process, and of its successor once that process is gone."""

from typing import Any

import numpy as np
import ray
from numpy.typing import NDArray
from ray.exceptions import PendingCallsLimitExceeded, RayError

from cluster.ray.replies import Failed, RayReply
from cluster.ray.shard_process import HOLD_SECONDS
from replay.client import Reply
from replay.messages import InsertAnswer, Pace, SampleAnswer, ShardStats, TableProgress

ANSWER_SECONDS = 3.0
"""Deadline of requests that a shard answers at once. Those that it may hold have `HOLD_SECONDS` more."""
INSERT_SECONDS = 30.0


class RayShardClient:
    """A shard in another process, as `replay.client.ShardClient` describes it.

    The shard is known by its name: one that takes the place of a dead one has the same.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._handle: Any = None

    def insert(self, data: bytes) -> Reply[InsertAnswer]:
        """Send an encoded block."""
        return self._ask("insert", (data,), "insert a block", INSERT_SECONDS)

    def sample(self, task: str, size: int, pace: Pace) -> Reply[SampleAnswer]:
        """Ask for transitions of a task."""
        return self._ask("sample", (task, size, pace), f"sample {task}", ANSWER_SECONDS)

    def watch(self, task: str, inserted_beyond: int, pace: Pace) -> Reply[TableProgress]:
        """Ask how a task stands, once there is news."""
        question, seconds = f"tell news of {task}", HOLD_SECONDS + ANSWER_SECONDS
        return self._ask("watch", (task, inserted_beyond, pace), question, seconds)

    def update_priorities(self, task: str, keys: NDArray[np.int64], priorities: NDArray[np.float32]) -> bool:
        """Send new priorities, unless too many calls are under way or the shard is gone."""
        try:
            self._found().update_priorities.remote(task, keys, priorities)
        except (RayError, ValueError, PendingCallsLimitExceeded):
            return False
        return True

    def stats(self) -> Reply[ShardStats]:
        """Ask for the counters."""
        return self._ask("stats", (), "tell its counters", ANSWER_SECONDS)

    def forget(self) -> None:
        """Look the shard up again before the next question."""
        self._handle = None

    def _ask(self, method: str, arguments: tuple[Any, ...], what: str, seconds: float) -> Reply[Any]:
        question = f"the request to {self._name} to {what}"
        try:
            ref = getattr(self._found(), method).remote(*arguments)
        except (RayError, ValueError, PendingCallsLimitExceeded) as error:
            self.forget()
            return Failed(f"{question} could not be sent: {type(error).__name__}")
        return RayReply(ref, question, seconds, on_death=self.forget)

    def _found(self) -> Any:  # noqa: ANN401 - ray's own type
        if self._handle is None:
            self._handle = ray.get_actor(self._name)
        return self._handle
