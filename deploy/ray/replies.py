"""Answers that come by Ray, with a deadline and a name for who owes them."""

import time
from typing import Any, Generic, TypeVar

import ray
from ray.exceptions import GetTimeoutError, RayActorError, RayTaskError

from replay.client import ShardUnavailableError

T = TypeVar("T")


class RayReply(Generic[T]):
    """An answer on its way, as `replay.client.Reply` describes it."""

    def __init__(self, ref: Any, question: str, deadline_seconds: float) -> None:  # noqa: ANN401 - ray's own type
        self._ref = ref
        self._question = question
        self._deadline = time.monotonic() + deadline_seconds

    def wait(self, timeout_seconds: float) -> bool:
        """Wait at most so long; past the deadline the answer counts as there, and `result` raises."""
        ready, _ = ray.wait([self._ref], timeout=timeout_seconds, fetch_local=True)
        return bool(ready) or time.monotonic() > self._deadline

    def result(self) -> T:
        """Return the answer.

        Raises:
            ShardUnavailableError: the process died, failed, or missed its deadline.
        """
        try:
            answer: T = ray.get(self._ref, timeout=max(0.0, self._deadline - time.monotonic()))
        except GetTimeoutError as error:
            raise ShardUnavailableError(f"no answer to {self._question} before its deadline") from error
        except RayActorError as error:
            raise ShardUnavailableError(
                f"the process that owed the answer to {self._question} died"
            ) from error
        except RayTaskError as error:
            raise ShardUnavailableError(f"{self._question} failed: {error.cause}") from error
        return answer
