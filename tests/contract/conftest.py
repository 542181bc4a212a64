"""One Ray cluster for all contracts, and shards in it."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import ray

from cluster.ray import connection, shard_process
from cluster.ray.connection import ray_actor
from cluster.ray.shard_client import RayShardClient
from cluster.ray.shard_crew import PENDING_CALLS, shard_name
from cluster.ray.shard_process import HOLD_SECONDS, ShardHost
from replay.client import ShardClient
from replay.messages import Pace
from replay.wire import encode_block
from tests.support.builders import FREELY, make_block
from tests.support.runs import tiny_run
from training.parts.parts import Parts

START_SECONDS = 120.0
StartShard = Callable[..., tuple[Any, RayShardClient]]
ENOUGH_TURNS = 20
"""Of the event loop, for a question that is held to hear that it is not held any more."""


def make_parts(*overrides: str) -> Parts:
    """Return the builder of the tiny run's parts."""
    run = tiny_run(*overrides)
    return Parts(run.config, run.specs)


def chain_block(sequence: int = 0, **changes: Any) -> bytes:
    """Return an encoded block that fits the chain's table: 4 streams of 8 starts, 3 rows of overlap."""
    settings = {"actor": "chain-0", "sequence": sequence, "weights_version": 3, "starts": 8} | changes
    return encode_block(make_block("chain", streams=4, overlap=3, frame_shape=(8,), **settings))  # type: ignore[arg-type]


def let_in(client: ShardClient, pace: Pace = FREELY) -> None:
    """Tell a shard how far it may go with the chain's inserts: without a word from the learner none go in."""
    client.watch("chain", -1, pace).result()


@pytest.fixture(scope="package")
def ray_cluster() -> Iterator[None]:
    """A cluster with room for many shards."""
    with connection.cluster(None, {"replay": 100}):
        yield


class EmptiedHost(ShardHost):
    """Begins again for each test: a process for each would take seconds."""

    async def begin_again(self, parts: Parts, hold_seconds: float) -> None:
        """Take an empty shard, once everybody who waits for the old one was answered; set `HOLD_SECONDS`."""
        await self.release()
        for _ in range(ENOUGH_TURNS):
            await asyncio.sleep(0)
        shard_process.HOLD_SECONDS = hold_seconds
        EmptiedHost.__init__(self, parts, 0, 0)


@pytest.fixture(scope="package")
def far_host(ray_cluster: None) -> Iterator[Any]:  # noqa: ARG001 - it has to be there
    """A process that holds a shard for one test after the other."""
    host = ray_actor(EmptiedHost, slot="replay", name="the far shard").remote(make_parts(), 0, 0)
    yield host
    ray.kill(host)


@pytest.fixture
def far_shard(far_host: Any) -> StartShard:
    """Empty the shard of `far_host`, once a test: (handle, client)."""

    def begin(parts: Parts, hold_seconds: float = HOLD_SECONDS) -> tuple[Any, RayShardClient]:
        ray.get(far_host.begin_again.remote(parts, hold_seconds), timeout=START_SECONDS)
        return far_host, RayShardClient("the far shard")

    return begin


@pytest.fixture
def start_shard(ray_cluster: None) -> Iterator[StartShard]:  # noqa: ARG001 - it has to be there
    """Start shards by index, as a run does, and wait until they are up: (handle, client)."""
    handles = []

    def start(parts: Parts, index: int = 0, life: int = 0, kind: type = ShardHost) -> Any:
        actor = ray_actor(kind, slot="replay", name=shard_name(index), max_pending_calls=PENDING_CALLS)
        handles.append(actor.remote(parts, index, life))
        ray.get(handles[-1].stats.remote(), timeout=START_SECONDS)
        return handles[-1], RayShardClient(shard_name(index))

    yield start
    for handle in handles:
        ray.kill(handle)
    for handle in handles:
        with pytest.raises(ray.exceptions.RayActorError):
            ray.get([handle.stats.remote() for _ in range(100)])  # until its name is free again
