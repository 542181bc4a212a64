"""Weights over Ray: put into the object store once a version, pulled by whoever needs them."""

from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayError

from actors.weights_follower import WeightsUnavailableError
from network.weights import WeightsSnapshot

DEADLINE_SECONDS = 30.0


class WeightsBoard:
    """Knows where the newest weights lie. It holds a reference and never the weights themselves."""

    def __init__(self) -> None:
        self._version = -1
        self._boxed_ref: list[Any] = []

    def publish(self, version: int, boxed_ref: list[Any]) -> None:
        """Remember the reference of a version."""
        self._version = version
        self._boxed_ref = boxed_ref

    def latest(self, newer_than: int) -> list[Any]:
        """Return the newest reference in a list, or an empty list if it is not newer."""
        return self._boxed_ref if self._version > newer_than else []


class RayWeightsSink:
    """The learner's end: puts a snapshot into the object store and tells the board."""

    def __init__(self, board: Any) -> None:  # noqa: ANN401 - ray's own type
        self._board = board

    def publish(self, snapshot: WeightsSnapshot) -> None:
        """Make a snapshot the newest."""
        self._board.publish.remote(snapshot.version, [ray.put(snapshot)])


class RayWeightsSource:
    """An actor's end: pulls from the board."""

    def __init__(self, board: Any) -> None:  # noqa: ANN401 - ray's own type
        self._board = board

    def latest(self, newer_than: int) -> WeightsSnapshot | None:
        """Return the newest snapshot if it is newer.

        Raises:
            WeightsUnavailableError: the board or the learner is gone or does not answer.
        """
        try:
            boxed = ray.get(self._board.latest.remote(newer_than), timeout=DEADLINE_SECONDS)
            if not boxed:
                return None
            snapshot: WeightsSnapshot = ray.get(boxed[0], timeout=DEADLINE_SECONDS)
        except GetTimeoutError as error:
            raise WeightsUnavailableError(
                f"the learner's weights did not come within {DEADLINE_SECONDS:.0f} s"
            ) from error
        except RayError as error:
            raise WeightsUnavailableError("the learner's weights are gone") from error
        return snapshot
