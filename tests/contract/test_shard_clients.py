"""What every shard client promises, near or far: the same tests over both."""

from collections.abc import Iterator

import numpy as np
import pytest
import ray

from deploy.parts import Parts
from deploy.ray.cluster import cluster, ray_actor
from deploy.ray.shard import RayShardClient, ShardHost
from replay.client import LocalShardClient, ShardClient
from replay.messages import Inserted, NotReady, Refused, Sampled
from replay.wire import encode_block
from tests.support.builders import make_block
from tests.support.runs import tiny_run, wait_until

PARTS = Parts(*(lambda run: (run.config, run.specs))(tiny_run("replay.samples_per_insert=null")))
SECONDS = 20.0


def chain_block(sequence: int = 0, **changes: object) -> bytes:
    """Return an encoded block that fits the chain's table: 4 streams of 8 starts, 3 rows of overlap."""
    settings = {"actor": "chain-0", "sequence": sequence, "weights_version": 3} | changes
    return encode_block(
        make_block("chain", streams=4, starts=8, overlap=3, obs_shape=(8,), **settings)  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module")
def ray_cluster() -> Iterator[None]:
    with cluster(None, {"replay": 100}):
        yield


@pytest.fixture(params=["local", pytest.param("ray", marks=pytest.mark.ray)])
def client(request: pytest.FixtureRequest) -> Iterator[ShardClient]:
    if request.param == "local":
        yield LocalShardClient(PARTS.shard())
        return
    request.getfixturevalue("ray_cluster")
    host = ray_actor(ShardHost, slot="replay").remote(PARTS)
    yield RayShardClient(host, "the shard under test")
    ray.kill(host)


def fill(client: ShardClient, blocks: int = 8) -> None:
    for sequence in range(blocks):
        assert client.insert(chain_block(sequence)).result() == Inserted(32, 0)


def test_an_insert_is_acknowledged_with_what_it_added(client):
    """An acknowledgement counts the transitions of the block."""
    reply = client.insert(chain_block())
    assert reply.wait(SECONDS)
    assert reply.result() == Inserted(items=32, weights_version=0)


def test_a_repeated_block_is_acknowledged_and_added_once(client):
    """Senders may retry: the second time nothing is added."""
    client.insert(chain_block()).result()
    assert client.insert(chain_block()).result() == Inserted(0, 0)
    table = client.stats().result().tables["chain"]
    assert (table.inserted, table.dropped) == (32, {"duplicate": 32})


def test_a_stranger_is_refused_with_a_reason(client):
    """Bytes that are no block are refused and counted; nothing breaks."""
    answer = client.insert(b"\x00 not a block").result()
    assert isinstance(answer, Refused)
    assert answer.reason
    assert client.stats().result().refused_blocks == 1


def test_a_sample_has_the_asked_size_and_matching_columns(client):
    """A sample is never short, and every column has one row an item."""
    fill(client)
    sampled = client.sample("chain", 50, 0).result()
    assert isinstance(sampled, Sampled)
    assert sampled.num_items == 256
    assert sampled.observations.shape == sampled.next_observations.shape == (50, 8)
    for column in (sampled.actions, sampled.rewards_n, sampled.discounts_n, sampled.keys):
        assert column.shape == (50,)
    assert sampled.weights_versions.tolist() == [3] * 50
    assert sampled.probabilities == pytest.approx(np.full(50, 1 / 256))


def test_acknowledgements_carry_the_version_that_the_learner_named(client):
    """The newest weights version travels from sample requests to acknowledgements."""
    fill(client)
    client.sample("chain", 1, 7).result()
    assert client.insert(chain_block(sequence=99)).result() == Inserted(32, 7)


def test_late_priorities_touch_nothing(client):
    """Keys that no item has are counted and harmless."""
    fill(client)
    client.update_priorities("chain", np.array([10**9, -1]), np.ones(2, np.float32))
    wait_until(
        lambda: client.stats().result().tables["chain"].stale_updates == 2, SECONDS, "two stale updates"
    )


def test_counters_add_up(client):
    """Sampled and inserted transitions are counted exactly."""
    fill(client)
    client.sample("chain", 40, 0).result()
    table = client.stats().result().tables["chain"]
    assert (table.items, table.inserted, table.evicted, table.sampled) == (256, 256, 0, 40)


def test_an_early_sample_is_not_ready(client):
    """Before the minimum is there, the answer is `NotReady`, however long a host holds the question."""
    client.insert(chain_block()).result()
    assert client.sample("chain", 8, 0).result() == NotReady()
