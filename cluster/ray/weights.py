"""Weights over Ray: put into the object store once a version, pulled by whoever needs them."""

import time
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from actors.weights_follower import WeightsUnavailableError
from cluster.ray.connection import ray_actor
from cluster.ray.nodes import own_node_id
from network.weights import WeightsSnapshot
from training.errors import ClusterError

BOARD = "learner"
"""Name of the board within its run. It lives and dies with the learner, so it also says that there is one."""
DEADLINE_SECONDS = 30.0
HANDOVER_SECONDS = 25.0
PAUSE_SECONDS = 0.5


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


def put_up_board(run: str) -> Any:  # noqa: ANN401 - ray's own type
    """Return a run's board, on this node; whoever puts it up is the run's only learner.

    A learner that died may have left its name behind for some seconds, until the cluster notices.

    Raises:
        ClusterError: the run has a learner.
    """
    deadline = time.monotonic() + HANDOVER_SECONDS
    here = NodeAffinitySchedulingStrategy(own_node_id(), soft=False)
    while True:
        try:
            return ray_actor(WeightsBoard, name=BOARD, scheduling_strategy=here).remote()
        except ValueError as error:
            if time.monotonic() > deadline:
                raise ClusterError(
                    f"run {run!r} has a learner on this cluster already: stop that one, or give this run "
                    "another directory by --run-dir"
                ) from error
        time.sleep(PAUSE_SECONDS)


class RayWeightsSink:
    """The learner's end: puts a snapshot into the object store and tells the board."""

    def __init__(self, board: Any) -> None:  # noqa: ANN401 - ray's own type
        self._board = board

    def publish(self, snapshot: WeightsSnapshot) -> None:
        """Make a snapshot the newest."""
        self._board.publish.remote(snapshot.version, [ray.put(snapshot)])


class RayWeightsSource:
    """An actor's end: pulls from the board, and from the next one when that is gone."""

    def __init__(self) -> None:
        self._board: Any = None

    def latest(self, newer_than: int) -> WeightsSnapshot | None:
        """Return the newest snapshot if it is newer.

        Raises:
            WeightsUnavailableError: the board or the learner is gone or does not answer.
        """
        try:
            if self._board is None:
                self._board = ray.get_actor(BOARD)
            boxed = ray.get(self._board.latest.remote(newer_than), timeout=DEADLINE_SECONDS)
            if not boxed:
                return None
            snapshot: WeightsSnapshot = ray.get(boxed[0], timeout=DEADLINE_SECONDS)
        except GetTimeoutError as error:
            self._board = None
            raise WeightsUnavailableError(
                f"the learner's weights did not come within {DEADLINE_SECONDS:.0f} s"
            ) from error
        except (RayError, ValueError) as error:
            self._board = None
            raise WeightsUnavailableError("the learner's weights are gone") from error
        return snapshot
