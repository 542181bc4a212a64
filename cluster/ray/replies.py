"""Answers that come by Ray, with a deadline, and words for the question."""

import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, Generic, NoReturn, TypeVar

from ray.exceptions import ActorUnavailableError, RayActorError, RayTaskError

from replay.client import ShardUnavailableError

PAUSE_SECONDS = 0.1

T = TypeVar("T")


class RayReply(Generic[T]):
    """An answer on its way, as `replay.client.Reply` describes it.

    Ray fetches and unpacks it on a thread of its own, so that a poll spends no time on it.
    """

    def __init__(
        self,
        ref: Any,  # noqa: ANN401 - ray's own type
        question: str,
        deadline_seconds: float,
        on_death: Callable[[], None],
    ) -> None:
        self._future: Future[T] = ref.future()
        self._on_death = on_death
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
            ShardUnavailableError: the process died, failed, cannot be reached, or missed its deadline.
        """
        try:
            return self._future.result(max(0.0, self._deadline - time.monotonic()))
        except TimeoutError as error:
            raise ShardUnavailableError(f"{self._question} was not answered in time") from error
        except ActorUnavailableError as error:
            raise ShardUnavailableError(
                f"the connection broke before {self._question} was answered"
            ) from error
        except RayActorError as error:
            self._on_death()
            raise ShardUnavailableError(f"the process died before {self._question} was answered") from error
        except RayTaskError as error:
            raise ShardUnavailableError(f"{self._question} failed: {error.cause}") from error


class Failed:
    """An answer that will not come, since the question could not be asked."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def wait(self, timeout_seconds: float) -> bool:
        """Wait, as for an answer, so that whoever asks again does so at a pace; return True."""
        time.sleep(min(timeout_seconds, PAUSE_SECONDS))
        return True

    def result(self) -> NoReturn:
        """Raise ShardUnavailableError."""
        raise ShardUnavailableError(self._reason)
