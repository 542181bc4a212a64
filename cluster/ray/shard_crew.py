"""The shard processes of a run: started, replaced, saved."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import ray
from ray.exceptions import ActorUnavailableError, GetTimeoutError, RayError, RayTaskError
from ray.util import list_named_actors

from cluster.ray.causes import last_line
from cluster.ray.connection import ray_actor
from cluster.ray.nodes import membership
from cluster.ray.revival import Revival
from cluster.ray.shard_client import RayShardClient
from cluster.ray.shard_process import ShardHost
from replay.client import ShardClient
from replay.restoring import SnapshotError
from training.errors import ClusterError
from training.fleet import Node
from training.parts.parts import Parts
from training.runtime import ShardState

START_SECONDS = 300.0
NAME_SECONDS = 10.0
PAUSE_SECONDS = 0.2
PENDING_CALLS = 256
"""Calls to one shard that one process may have under way; further ones fail in that process."""


def shard_name(index: int) -> str:
    """Return the name under which a shard is found, within its run."""
    return f"replay-{index}"


class ShardCrew:
    """Every shard of a run in a process of its own, those that an earlier learner left included.

    Args:
        parts: of the run.
        nodes: says which nodes the cluster has.

    Attributes:
        clients: the learner's way to each shard.
    """

    def __init__(
        self, parts: Parts, nodes: Callable[[], Sequence[Node]] = lambda: membership().nodes
    ) -> None:
        self._parts = parts
        self._nodes = nodes
        self._there = set(list_named_actors())
        self._saves: list[Any] = []
        self._handles = [
            self._taken_over(index) or self._start(index, life=0) for index in range(parts.replay.num_shards)
        ]
        self.clients: list[ShardClient] = [
            RayShardClient(shard_name(index)) for index in range(len(self._handles))
        ]
        self._revival = Revival(self._handles, self._start, shard_name, parts.replay.silence_seconds)

    def wait_until_up(self) -> None:
        """Wait for every shard.

        Raises:
            ClusterError: one does not start.
            SnapshotError: one cannot take its snapshot.
        """
        try:
            ray.get([handle.up.remote() for handle in self._handles], timeout=START_SECONDS)
        except GetTimeoutError as error:
            raise ClusterError(f"the replay shards did not start within {START_SECONDS:.0f} s") from error
        except RayError as error:
            if isinstance(error, RayTaskError) and isinstance(error.cause, SnapshotError):
                raise error.cause from error
            raise ClusterError(f"a replay shard did not start: {_innermost(error)}") from error

    def revive(self, shard: int, reason: str) -> ShardState:
        """Look after a shard that does not answer; return how it stands.

        Raises:
            TrainingFailedError: it died again and again while its node was well.
        """
        return self._revival.look_after(shard, reason, self._nodes())

    def save(self) -> bool:
        """Begin to save every shard; return False if the previous save is still under way.

        Raises:
            TrainingFailedError: the files of the previous save could not be written.
        """
        if self._saves and len(ray.wait(self._saves, num_returns=len(self._saves), timeout=0)[1]):
            return False
        self._are_saved(timeout_seconds=0.0)
        self._saves = self._ask_all(lambda handle: handle.save.remote())
        return True

    def finish_save(self, timeout_seconds: float) -> bool:
        """Wait at most so long for the shards that are saving themselves; return whether all have.

        Raises:
            TrainingFailedError: the files cannot be written.
        """
        if not self._are_saved(timeout_seconds):
            return False
        self._parts.replay.remove_old_snapshots()
        return True

    def _are_saved(self, timeout_seconds: float) -> bool:
        """Return whether all shards that were told to save themselves have; one that died has not."""
        try:
            ray.get(self._saves, timeout=timeout_seconds)
        except RayTaskError as error:
            if isinstance(error.cause, OSError):
                self._saves = []
                raise self._parts.replay.not_saved(error.cause) from error
            return False
        except RayError:
            return False
        return True

    def release(self) -> None:
        """Let every shard answer the requests that it holds back."""
        self._ask_all(lambda handle: handle.release.remote())

    def _ask_all(self, ask: Callable[[Any], Any]) -> list[Any]:
        return [ask(handle) for handle in self._handles]

    def kill(self) -> None:
        """End every shard."""
        for handle in self._handles:
            ray.kill(handle)

    def _taken_over(self, index: int) -> Any:  # noqa: ANN401 - ray's own type
        """Return a shard that an earlier learner left; end it and return None if it keeps something else.

        A silent one has as long to answer as while a run trains.
        """
        if shard_name(index) not in self._there:
            return None
        handle = ray.get_actor(shard_name(index))
        deadline = time.monotonic() + self._parts.replay.silence_seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                fingerprint: Any = ray.get(handle.fingerprint.remote(), timeout=left)
            except ActorUnavailableError:
                time.sleep(PAUSE_SECONDS)
                continue
            except RayError:
                break
            if fingerprint == self._parts.fingerprint:
                return handle
            break
        ray.kill(handle)
        return None

    def _start(self, index: int, life: int) -> Any:  # noqa: ANN401 - ray's own type
        """Start a shard as soon as its name is free; one that was just ended still has it for a moment."""
        kind = ray_actor(
            ShardHost,
            slot="replay",
            name=shard_name(index),
            lifetime="detached",
            max_pending_calls=PENDING_CALLS,
        )
        deadline = time.monotonic() + NAME_SECONDS
        while True:
            try:
                return kind.remote(self._parts, index, life)
            except ValueError:
                if life or time.monotonic() > deadline:
                    raise
                time.sleep(PAUSE_SECONDS)


def _innermost(error: RayError) -> str:
    cause = error.cause if isinstance(error, RayTaskError) else error
    return last_line(cause)
