"""What only the far shard does: it holds questions until they can be answered, and it can die."""

import time
from collections import Counter
from typing import Any

import numpy as np
import pytest
import ray

from cluster.ray.shard_client import RayShardClient
from cluster.ray.shard_process import HELD_BLOCKS_PER_ACTOR, HOLD_SECONDS, ShardHost
from replay.client import Reply, ShardUnavailableError
from replay.messages import InsertAnswer, Inserted, Pace, Sampled, Throttled
from tests.contract.conftest import StartShard, chain_block, let_in, make_parts
from tests.support.builders import FREELY, make_router
from tests.support.runs import wait_until
from tests.support.shard_books import problem_of
from tests.support.statistics import chi_square, chi_square_limit

pytestmark = pytest.mark.ray

SOON = 0.6 * HOLD_SECONDS
"""Less than a host holds a question: what comes so soon was woken, not given up."""
A_WHILE = 0.15
DEATH_SECONDS = 5.0
FLOOD, FLOOD_ITEMS = 2000, 1000
"""Blocks that come without waiting, and the transitions in each."""
MOST_GROWTH_BYTES = 64 * 2**20
PARTS = make_parts("replay.selector=uniform")


class MeasuredHost(ShardHost):
    """Knows how much memory its process ever had, and how many blocks it ever held at once."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._most_held = 0

    async def _held(self, *arguments: Any) -> Any:
        self._most_held = max(self._most_held, self._held_of_actor.total())
        return await super()._held(*arguments)

    async def most_held(self) -> int:
        """Return the most blocks that were held at once."""
        return self._most_held

    async def peak_bytes(self) -> int:
        """Return the largest resident set that this process had."""
        with open("/proc/self/status") as status:
            line = next(line for line in status if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024


def test_a_question_for_news_waits_until_enough_was_inserted(far_shard: StartShard):
    """Fewer transitions than it asks for do not answer it, one more does."""
    _, client = far_shard(PARTS)
    let_in(client)
    news = client.watch("chain", 63, FREELY)
    for sequence in range(2):
        assert not news.wait(A_WHILE)
        assert client.insert(chain_block(sequence)).result() == Inserted(32, 0)
    assert news.wait(SOON)
    assert news.result().inserted == 64


def test_a_throttled_insert_is_admitted_when_the_pace_moves_on(far_shard: StartShard):
    """By a sample's pace or a question's, as soon as it reaches far enough."""
    handle, client = far_shard(PARTS)
    let_in(client, Pace(0, 32))
    assert client.insert(chain_block(0)).result() == Inserted(32, 0)
    first = client.insert(chain_block(1))
    assert not first.wait(A_WHILE)
    client.sample("chain", 4, Pace(0, 63)).result()
    assert not first.wait(A_WHILE)
    client.sample("chain", 4, Pace(5, 64)).result()
    assert first.wait(SOON)
    assert first.result() == Inserted(32, 5)
    second = client.insert(chain_block(2))
    assert not second.wait(A_WHILE)
    client.watch("chain", -1, Pace(6, 96)).result()
    assert second.wait(SOON)
    assert second.result() == Inserted(32, 6)
    assert problem_of(handle) is None


def test_a_question_for_news_is_answered_when_an_insert_is_held_back(far_shard: StartShard):
    """So the learner hears that actors wait for it, though nothing went in."""
    _, client = far_shard(PARTS)
    let_in(client, Pace(0, 32))
    client.insert(chain_block(0)).result()
    news = client.watch("chain", 10**6, Pace(0, 32))
    assert not news.wait(A_WHILE)
    held = client.insert(chain_block(1))
    assert news.wait(SOON)
    assert news.result().inserted == 32
    let_in(client, Pace(0, 64))
    assert held.wait(SOON)
    assert held.result() == Inserted(32, 0)
    assert not client.watch("chain", 10**6, Pace(0, 64)).wait(A_WHILE)


def test_what_nothing_changes_is_answered_as_it_stands(far_shard: StartShard):
    """Nothing is held forever: an insert is throttled, and a question gets the news there is."""
    handle, client = far_shard(PARTS, hold_seconds=1.0)
    let_in(client, Pace(0, 0))
    news, held = client.watch("identity", 5, FREELY), client.insert(chain_block())
    assert not held.wait(A_WHILE)
    assert held.wait(SOON)
    assert held.result() == Throttled()
    assert news.wait(SOON)
    assert news.result().inserted == 0
    assert client.stats().result().tables["chain"].inserted == 0
    let_in(client)
    assert client.insert(chain_block()).result() == Inserted(32, 0)
    assert problem_of(handle) is None


def test_a_released_shard_holds_nothing_back(far_shard: StartShard):
    """At a run's end whoever waits hears so at once."""
    handle, client = far_shard(PARTS)
    let_in(client, Pace(0, 0))
    held, news = client.insert(chain_block()), client.watch("identity", 5, FREELY)
    assert not held.wait(A_WHILE)
    ray.get(handle.release.remote())
    assert held.wait(SOON)
    assert held.result() == Throttled()
    assert news.wait(SOON)
    assert client.insert(chain_block()).wait(SOON)


def test_a_dead_shard_is_named_and_its_successor_is_found(start_shard: StartShard):
    """Whoever asks a shard that died is told so in one sentence; the next one has the same name."""
    handle, client = start_shard(PARTS)
    let_in(client, Pace(0, 0))
    held = client.insert(chain_block())
    assert not held.wait(A_WHILE)
    ray.kill(handle)
    with pytest.raises(ShardUnavailableError, match="died before the request to replay-0 to insert"):
        ask_for(DEATH_SECONDS, held)
    for ask in (client.stats, lambda: client.sample("chain", 1, FREELY)):
        with pytest.raises(
            ShardUnavailableError,
            match=r"died before the request|could not be sent",
        ):
            ask().result()
    client.update_priorities("chain", np.arange(7), np.ones(7, np.float32))
    _, other = start_until_free(start_shard)
    wait_until(lambda: answers(client), DEATH_SECONDS, "the client found the successor")
    assert client.stats().result().life == other.stats().result().life == 1
    let_in(client)
    assert client.insert(chain_block()).result() == Inserted(32, 0)


def ask_for(seconds: float, reply: Reply[Any]) -> None:
    """Take an answer, for which that many seconds have to be enough."""
    assert reply.wait(seconds)
    reply.result()


def start_until_free(start_shard: StartShard) -> Any:
    """Start a successor as soon as the dead shard's name is free."""
    started: list[Any] = []

    def start() -> bool:
        try:
            started.append(start_shard(PARTS, life=1))
        except ValueError:
            return False
        return True

    wait_until(start, DEATH_SECONDS, "the name of the dead shard was free")
    return started[0]


def answers(client: RayShardClient) -> bool:
    try:
        client.stats().result()
    except ShardUnavailableError:
        return False
    return True


def test_priority_updates_without_a_shard_are_not_sent(ray_cluster: None):  # noqa: ARG001 - has to be there
    """Nobody waits for them: whoever sends is told at once."""
    client = RayShardClient("nobody")
    assert not client.update_priorities("chain", np.arange(7), np.ones(7, np.float32))
    with pytest.raises(ShardUnavailableError, match="to nobody to tell its counters could not be sent"):
        client.stats().result()


@pytest.mark.slow
def test_drawn_frequencies_match_priorities_over_two_shards(start_shard: StartShard):
    """Through the router, over two processes: chi-square against p^a / sum of p^a over both."""
    exponent = 0.6
    parts = make_parts(
        "replay.shards=2",
        "tasks.chain.actors=2",
        "replay.selector=proportional",
        f"replay.priority_exponent={exponent}",
    )
    clients = [start_shard(parts, index)[1] for index in range(2)]
    router = make_router(clients, tasks=["chain"])
    rng = np.random.default_rng(0)
    weights = []
    for shard, scale in enumerate((1.0, 4.0)):
        priorities = (scale * rng.uniform(0.5, 3.0, (4, 8))).astype(np.float32)
        let_in(clients[shard])
        assert clients[shard].insert(chain_block(priorities=priorities)).result() == Inserted(32, 0)
        weights.append((priorities.astype(np.float64) + 1e-3) ** exponent)
    probabilities = np.concatenate([weight.reshape(-1) for weight in weights])
    probabilities /= probabilities.sum()
    wait_until(lambda: draw_from(router, 10).progress.items == 64, SOON, "both shards were heard of")
    drawn = [draw_from(router, 10_000) for _ in range(3)]
    places = np.concatenate([places_of(part.keys) for part in drawn])
    observed = np.bincount(places, minlength=64)
    assert observed.sum() == 30_000
    limit = chi_square_limit(63)
    assert chi_square(observed, probabilities) < limit
    assert chi_square(observed, np.full(64, 1 / 64)) > 10 * limit
    for part in drawn:
        np.testing.assert_allclose(part.probabilities, probabilities[places_of(part.keys)], rtol=1e-6)
        assert part.progress.items == 64


def places_of(keys: Any) -> Any:
    """Return 32 * shard + the item's number among the starts of 4 fragments of 11 rows."""
    shards, rows = keys >> 56, keys & (1 << 36) - 1
    return 32 * shards + 8 * (rows // 11) + rows % 11


def draw_from(router: Any, size: int) -> Sampled:
    """Ask until a draw is there."""
    deadline = time.monotonic() + 20.0
    draw = sampled = None
    while sampled is None:
        assert time.monotonic() < deadline, router.down
        draw = draw or router.request("chain", size, 0)
        if draw is None:
            router.wait("chain", 0.1)
        else:
            draw.wait(0.1)
            sampled = router.collect(draw)
    return sampled


def test_a_flood_breaks_nothing(start_shard: StartShard):
    """A producer that waits for no answer: two of its blocks are held, the rest turned away at once."""
    handle, client = start_shard(PARTS, kind=MeasuredHost)
    let_in(client, Pace(0, 2 * FLOOD_ITEMS))
    assert [taken(client.insert(flood_block(number))) for number in range(2)] == [FLOOD_ITEMS] * 2
    before = ray.get(handle.peak_bytes.remote())
    replies = {number: client.insert(flood_block(number)) for number in range(2, FLOOD)}
    wait_until(lambda: len(unanswered(replies)) <= HELD_BLOCKS_PER_ACTOR, SOON, "all but the held answered")
    held = unanswered(replies)
    assert len(held) == ray.get(handle.most_held.remote()) == HELD_BLOCKS_PER_ACTOR
    let_in(client)
    kinds = Counter(kind_of(reply) for reply in replies.values())
    assert kinds.total() == kinds["Inserted"] + kinds["Throttled"] + kinds["PendingCallsLimitExceeded"]
    assert kinds["Inserted"] == len(held)
    assert kinds["Throttled"] >= 10
    assert ray.get(handle.peak_bytes.remote()) - before < MOST_GROWTH_BYTES < FLOOD * len(flood_block(0))
    others = [number for number in replies if number not in held][:40]
    again = [taken(client.insert(flood_block(number))) for number in [*others, *held]]
    assert again == [FLOOD_ITEMS] * 40 + [0] * len(held)
    table = client.stats().result().tables["chain"]
    assert table.inserted == (2 + len(held) + 40) * FLOOD_ITEMS
    assert client.stats().result().items_by_life == {("chain-0", 1): table.inserted}
    assert table.dropped == {"duplicate": len(held) * FLOOD_ITEMS}
    assert problem_of(handle) is None


def flood_block(number: int) -> bytes:
    """Return a block of some 50 KiB."""
    return chain_block(number, starts=FLOOD_ITEMS // 4)


def taken(reply: Reply[InsertAnswer]) -> int:
    """Return how many transitions an insert brought in, which was neither held back nor refused."""
    answer = reply.result()
    assert isinstance(answer, Inserted)
    return answer.items


def unanswered(replies: dict[int, Reply[Any]]) -> list[int]:
    return [number for number, reply in replies.items() if not reply.wait(0.0)]


def kind_of(reply: Reply[InsertAnswer]) -> str:
    """Return what became of an insert."""
    try:
        return type(reply.result()).__name__
    except ShardUnavailableError as error:
        return str(error).rpartition(": ")[2]
