"""What every shard client promises, near or far: the same tests over both."""

import numpy as np
import pytest

from replay.client import LocalShardClient, ShardClient
from replay.messages import Inserted, NotReady, Pace, Refused, Sampled, TableProgress
from replay.rate_limiter import NO_LIMIT
from tests.contract.conftest import chain_block, let_in, make_parts
from tests.support.builders import FREELY
from tests.support.runs import wait_until
from training.parts.parts import Parts

SELECTORS = ("uniform", "proportional")
SECONDS = 20.0
SMALLEST = 1e-3
"""What a table adds to every priority."""
PARTS = {name: make_parts(f"replay.selector={name}", "replay.priority_exponent=1") for name in SELECTORS}
CLIENTS = ["local", pytest.param("ray", marks=pytest.mark.ray)]
EMPTY = TableProgress(inserted=0, items=0, mass=0.0)


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest) -> ShardClient:
    """A client of an empty shard, which draws uniformly."""
    return empty_shard(request, PARTS["uniform"])


@pytest.fixture(params=CLIENTS)
def proportional_client(request: pytest.FixtureRequest) -> ShardClient:
    """A client of an empty shard, which draws in proportion to priorities."""
    return empty_shard(request, PARTS["proportional"])


def empty_shard(request: pytest.FixtureRequest, parts: Parts) -> ShardClient:
    if request.param == "local":
        return LocalShardClient(parts.replay.shard(0))
    far: ShardClient = request.getfixturevalue("far_shard")(parts)[1]
    return far


def fill(client: ShardClient, blocks: int = 8) -> None:
    let_in(client)
    for sequence in range(blocks):
        assert client.insert(chain_block(sequence)).result() == Inserted(32, 0)


def sample(client: ShardClient, size: int) -> Sampled:
    answer = client.sample("chain", size, FREELY).result()
    assert isinstance(answer, Sampled)
    return answer


def test_an_insert_is_acknowledged_with_what_it_added(client: ShardClient):
    """An acknowledgement counts the transitions of the block."""
    let_in(client)
    reply = client.insert(chain_block())
    assert reply.wait(SECONDS)
    assert reply.result() == Inserted(items=32, weights_version=0)


def test_a_repeated_block_is_acknowledged_and_added_once(client: ShardClient):
    """Senders may retry: the second time nothing is added."""
    let_in(client)
    client.insert(chain_block()).result()
    assert client.insert(chain_block()).result() == Inserted(0, 0)
    table = client.stats().result().tables["chain"]
    assert (table.arrived, table.inserted, table.dropped) == (64, 32, {"duplicate": 32})


def test_a_stranger_is_refused_with_a_reason(client: ShardClient):
    """Bytes that are no block are refused and counted; nothing breaks."""
    answer = client.insert(b"\x00 not a block").result()
    assert isinstance(answer, Refused)
    assert answer.reason
    assert client.stats().result().refused_blocks == 1


def test_a_sample_has_the_asked_size_and_matching_columns(client: ShardClient):
    """A sample is never short, and every column has one row an item."""
    fill(client)
    sampled = sample(client, 50)
    assert sampled.progress == TableProgress(inserted=256, items=256, mass=256.0)
    assert sampled.columns["windows"].shape == (50, 2, 8)
    assert sampled.columns["bootstrap_starts"].tolist() == [1] * 50
    for column in (
        sampled.columns["actions"],
        sampled.columns["rewards_n"],
        sampled.columns["discounts_n"],
        sampled.keys,
    ):
        assert column.shape == (50,)
    assert sampled.columns["weights_versions"].tolist() == [3] * 50
    assert sampled.probabilities == pytest.approx(np.full(50, 1 / 256))


def test_a_sample_of_nothing_is_not_ready(client: ShardClient):
    """Neither waits a sample for items, nor is it held."""
    assert client.sample("chain", 8, FREELY).result() == NotReady(EMPTY)


def test_watching_tells_how_a_task_stands(client: ShardClient):
    """Once more was inserted than the asker knows of, the answer is there."""
    assert client.watch("chain", -1, FREELY).result() == EMPTY
    fill(client, blocks=2)
    reply = client.watch("chain", 63, FREELY)
    assert reply.wait(SECONDS)
    assert reply.result() == TableProgress(inserted=64, items=64, mass=64.0)


def test_new_priorities_count_in_the_next_sample(proportional_client: ShardClient):
    """They arrive unawaited: an item that outweighs all others is drawn, what weighs nothing is not."""
    client = proportional_client
    fill(client)
    first = sample(client, 200)
    assert len(set(first.keys)) > 50
    chosen, others = first.keys[0], np.setdiff1d(first.keys, first.keys[:1])
    client.update_priorities("chain", others, np.zeros(len(others), np.float32))
    client.update_priorities("chain", np.array([chosen]), np.array([1e6], np.float32))
    again = sample(client, 200)
    assert set(again.keys) == {chosen}
    rest = first.progress.mass * (1 - sum(dict(zip(first.keys, first.probabilities, strict=True)).values()))
    total = 1e6 + rest + SMALLEST * (1 + len(others))
    assert again.progress.mass == pytest.approx(total, rel=1e-6)
    assert again.probabilities == pytest.approx(np.full(200, (1e6 + SMALLEST) / total))


def test_priorities_do_not_count_where_draws_are_uniform(client: ShardClient):
    """Such a selector leaves its items as they are, and counts what is stale."""
    fill(client)
    keys = sample(client, 20).keys
    client.update_priorities("chain", keys, np.full(20, 9.0, np.float32))
    assert sample(client, 20).probabilities == pytest.approx(np.full(20, 1 / 256))
    assert client.stats().result().tables["chain"].stale_updates == 0


def test_acknowledgements_carry_the_version_that_the_learner_named(client: ShardClient):
    """The newest weights version travels from questions to acknowledgements."""
    fill(client)
    client.sample("chain", 1, Pace(7, NO_LIMIT)).result()
    assert client.insert(chain_block(sequence=9)).result() == Inserted(32, 7)
    client.watch("chain", 0, Pace(8, NO_LIMIT)).result()
    assert client.insert(chain_block(sequence=10)).result() == Inserted(32, 8)


def test_late_priorities_touch_nothing(client: ShardClient):
    """Keys that no item has are counted and harmless."""
    fill(client)
    client.update_priorities("chain", np.array([10**9, -1]), np.ones(2, np.float32))
    wait_until(
        lambda: client.stats().result().tables["chain"].stale_updates == 2, SECONDS, "two stale updates"
    )


def test_counters_add_up(client: ShardClient):
    """Sampled and inserted transitions are counted exactly, each life's by its name."""
    fill(client)
    client.sample("chain", 40, FREELY).result()
    stats = client.stats().result()
    table = stats.tables["chain"]
    assert (table.items, table.inserted, table.evicted, table.sampled) == (256, 256, 0, 40)
    assert stats.items_by_life == {("chain-0", 1): 256}
    assert stats.life == 0
