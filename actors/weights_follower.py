"""How an actor keeps up with the learner: it pulls when an acknowledgement names a newer version."""

from collections.abc import Callable
from typing import Protocol

from actors.policy import TaskPolicy
from network.weights import WeightsSnapshot

PATIENCE_SECONDS = 600.0
PAUSE_SECONDS = 1.0


class WeightsUnavailableError(RuntimeError):
    """The source of weights is gone or does not answer; the message says which."""


class WeightsSource(Protocol):
    """Where published weights can be had."""

    def latest(self, newer_than: int) -> WeightsSnapshot | None:
        """Return the newest snapshot if its version is above `newer_than`.

        Raises:
            WeightsUnavailableError: the source died or missed its deadline.
        """


class WeightsFollower:
    """Loads newer weights into a policy, between fragments.

    A source that is gone may come back, or another in its place: meanwhile the weights at hand have to do,
    and whoever sees what arrives in replay sees by their version how old they are. `clock` gives seconds.
    """

    def __init__(self, source: WeightsSource, policy: TaskPolicy, clock: Callable[[], float]) -> None:
        self._source = source
        self._clock = clock
        self._policy = policy
        self._gone_since: float | None = None
        self._next_try = 0.0

    def follow(self, announced_version: int) -> None:
        """Pull if the announced version is newer than the policy's.

        Raises:
            WeightsUnavailableError: there are no weights yet, or the source is gone for too long.
        """
        now = self._clock()
        if announced_version <= self._policy.version or now < self._next_try:
            return
        try:
            snapshot = self._source.latest(self._policy.version)
        except WeightsUnavailableError:
            self._gone_since = self._gone_since or now
            if self._policy.version < 0 or now - self._gone_since > PATIENCE_SECONDS:
                raise
            self._next_try = now + PAUSE_SECONDS
            return
        self._gone_since = None
        if snapshot is not None:
            self._policy.load(snapshot)
        elif self._policy.version < 0:
            raise WeightsUnavailableError("there are no weights yet")
