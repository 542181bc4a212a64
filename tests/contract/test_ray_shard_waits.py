"""What only the far shard does: it holds questions until they can be answered."""

from collections.abc import Iterator
from typing import Any

import pytest
import ray

from deploy.parts import Parts
from deploy.ray.cluster import cluster, ray_actor
from deploy.ray.shard import HOLD_SECONDS, RayShardClient, ShardHost
from replay.client import ShardUnavailableError
from replay.messages import Inserted, Sampled
from tests.contract.test_shard_clients import chain_block
from tests.support.runs import tiny_run

pytestmark = pytest.mark.ray

SOON = 0.6 * HOLD_SECONDS
"""Less than a host holds a question: what comes so soon was woken, not given up."""


@pytest.fixture(scope="module")
def host() -> Iterator[Any]:
    run = tiny_run("replay.error_buffer=256")
    with cluster(None, {"replay": 1}):
        yield ray_actor(ShardHost, slot="replay").remote(Parts(run.config, run.specs))


def test_held_questions_are_answered_when_something_changes(host):
    """A sample waits for the inserts that it lacks, a throttled insert for the sample that makes room."""
    client = RayShardClient(host, "the shard")
    early = client.sample("chain", 128, 0)
    assert not early.wait(0.3)
    for sequence in range(7):
        assert client.insert(chain_block(sequence)).result() == Inserted(32, 0)
    assert early.wait(SOON)
    assert isinstance(early.result(), Sampled)
    ahead = client.insert(chain_block(7))
    assert not ahead.wait(0.3)
    client.sample("chain", 256, 0).result()
    assert ahead.wait(SOON)
    assert ahead.result() == Inserted(32, 0)
    assert ray.get(host.problem.remote()) is None


def test_a_dead_shard_is_named(host):
    """Whoever asks a shard that died is told so, in one sentence."""
    client = RayShardClient(host, "the replay shard")
    ray.kill(host)
    with pytest.raises(ShardUnavailableError, match="the replay shard died"):
        ask_often(client)


def ask_often(client: RayShardClient) -> None:
    """Ask for some seconds: a kill takes a moment to arrive."""
    for _ in range(1000):
        client.stats().result()
