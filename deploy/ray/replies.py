"""Answers that come by Ray, with a deadline and a name for who owes them."""

import time
from concurrent.futures import Future, wait
from typing import Any, Generic, TypeVar

from ray.exceptions import RayActorError, RayTaskError

from replay.client import ShardUnavailableError

T = TypeVar("T")


class RayReply(Generic[T]):
    """An answer on its way, as `replay.client.Reply` describes it.

    Ray fetches and unpacks it on a thread of its own, so that whoever polls pays for neither.
    """

    def __init__(self, ref: Any, question: str, deadline_seconds: float) -> None:  # noqa: ANN401 - ray's own type
        self._future: Future[T] = ref.future()
        self._question = question
        self._deadline = time.monotonic() + deadline_seconds

    def wait(self, timeout_seconds: float) -> bool:
        """Wait at most so long; past the deadline the answer counts as there, and `result` raises."""
        if timeout_seconds > 0:
            wait([self._future], timeout_seconds)
        return self._future.done() or time.monotonic() > self._deadline

    def result(self) -> T:
        """Return the answer.

        Raises:
            ShardUnavailableError: the process died, failed, or missed its deadline.
        """
        try:
            return self._future.result(max(0.0, self._deadline - time.monotonic()))
        except TimeoutError as error:
            raise ShardUnavailableError(f"no answer to {self._question} before its deadline") from error
        except RayActorError as error:
            raise ShardUnavailableError(
                f"the process that owed the answer to {self._question} died"
            ) from error
        except RayTaskError as error:
            raise ShardUnavailableError(f"{self._question} failed: {error.cause}") from error
