"""How an actor keeps up with the learner: it pulls when an acknowledgement names a newer version."""

from typing import Protocol

from actors.policy import TaskPolicy
from network.weights import WeightsSnapshot


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
    """Loads newer weights into a policy, between fragments."""

    def __init__(self, source: WeightsSource, policy: TaskPolicy) -> None:
        self._source = source
        self._policy = policy

    def follow(self, announced_version: int) -> None:
        """Pull if the announced version is newer than the policy's."""
        if announced_version > self._policy.version:
            snapshot = self._source.latest(self._policy.version)
            if snapshot is not None:
                self._policy.load(snapshot)
