"""The router: whom it asks, what it believes, who may go how far."""

import numpy as np
import pytest

from replay.client import Reply
from replay.keys import LIVES, ROWS_OF_A_LIFE, split_keys
from replay.messages import Inserted, Pace, Sampled, TableProgress, Throttled
from replay.rate_limiter import NO_LIMIT, RateLimiter
from replay.router import ReplayRouter
from replay.row import BOUNDARY
from replay.shard import Shard
from replay.task_book import Spread
from replay.wire import encode_block
from tests.support.builders import NO_RATE, collected, make_block, make_router, make_shard
from tests.support.shard_clients import MortalShardClient, NotedReply, insert_numbered, make_numbered_table
from tests.support.statistics import chi_square, chi_square_limit

SPLIT = ({1: 1.0, 2: 2.0, 3: 3.0}, {4: 4.0, 5: 5.0}, {6: 6.0, 7: 7.0, 8: 8.0, 9: 9.0})
SEEDS = range(5)


def clients_of(*split: dict[int, float], seed: int = 0) -> list[MortalShardClient]:
    tables = [make_numbered_table(items, seed=10 * seed + shard) for shard, items in enumerate(split)]
    return [MortalShardClient(Shard({"toy": table})) for table in tables]


def draw_now(router: ReplayRouter, size: int) -> Sampled:
    """Ask until something comes: a first request may only find out how the shards stand."""
    for _ in range(3):
        draw = router.request("toy", size, 0)
        sampled = None if draw is None else router.collect(draw)
        if sampled is not None:
            return sampled
    pytest.fail("nothing came")


def test_it_finds_out_how_shards_stand_before_it_draws():
    """The first request asks each shard once, the second one draws from those that have anything."""
    clients = clients_of(*SPLIT, {})
    router = make_router(clients)
    assert router.request("toy", 100, 0) is None
    assert [client.asked for client in clients] == [[("watch", "toy")]] * 4
    draw = router.request("toy", 100, 0)
    assert draw is not None
    assert [client.asked[1:] for client in clients[:3]] == [[("sample", "toy")]] * 3
    assert clients[3].asked[1:] == [("watch", "toy")]
    assert collected(router, draw).progress.items == 9


def test_one_question_to_a_shard_is_under_way_at_a_time():
    """However often one asks while it does not answer."""
    clients = clients_of({}, {})
    for client in clients:
        client.open = False
    router = make_router(clients)
    assert [router.request("toy", 5, 0) for _ in range(10)] == [None] * 10
    assert [len(client.asked) for client in clients] == [1, 1]


def test_drawn_frequencies_match_priorities_over_all_shards():
    """A chi-square test against p / sum of p over three shards passes; one against equal shares does not."""
    weights = np.arange(1.0, 10.0)
    statistic = equal = 0.0
    for seed in SEEDS:
        router = make_router(clients_of(*SPLIT, seed=seed), seed=seed)
        numbers = draw_now(router, 20_000).columns["actions"]
        observed = np.bincount(numbers, minlength=10)[1:]
        statistic += chi_square(observed, weights / weights.sum())
        equal += chi_square(observed, np.full(9, 1 / 9))
    limit = chi_square_limit(8 * len(SEEDS))
    assert statistic < limit
    assert equal > 10 * limit


def test_every_batch_of_a_merged_draw_is_drawn_from_all_shards_alike():
    """Cut into 200 batches of 20, items of either of two equal shards come as chance mixes them."""
    router = make_router(clients_of({1: 1.0}, {2: 1.0}))
    per_batch = (draw_now(router, 4000).columns["actions"].reshape(200, 20) == 1).sum(1)
    binomial_variance = 20 * 0.25
    assert per_batch.mean() == pytest.approx(10.0, abs=0.5)
    assert per_batch.var() == pytest.approx(binomial_variance, rel=0.3)


def test_items_that_come_up_anywhere_are_drawn_soon():
    """A shard that was empty when it was asked reports by itself, and the next draw includes it."""
    clients = clients_of({1: 1.0}, {})
    tables = [client._shard.tables["toy"] for client in clients]
    router = make_router(clients)
    assert set(draw_now(router, 50).columns["actions"].tolist()) == {1}
    insert_numbered(tables[1], {2: 1.0})
    for _ in range(2):
        drawn = draw_now(router, 50)
    assert set(drawn.columns["actions"].tolist()) == {1, 2}
    assert drawn.progress.items == 2


def test_every_answer_says_how_its_shard_stands_now():
    """Masses that changed are used with the next draw but one, and so is what was inserted meanwhile."""
    clients = clients_of({1: 1.0, 2: 1.0}, {3: 2.0})
    tables = [client._shard.tables["toy"] for client in clients]
    router = make_router(clients)
    draw_now(router, 100)
    tables[0].update_priorities(np.array([0, 1]), np.array([3.0, 5.0], np.float32))
    insert_numbered(tables[1], {4: 10.0})
    draw_now(router, 100)
    drawn = draw_now(router, 100)
    expected = {1: 0.15, 2: 0.25, 3: 0.1, 4: 0.5}
    assert drawn.probabilities == pytest.approx(
        [expected[number] for number in drawn.columns["actions"].tolist()]
    )
    assert drawn.progress.items == 4


def test_a_shard_that_turned_out_empty_is_made_up_for_by_the_others():
    """Its items were pushed out since it was heard of: it delivers nothing, and the draw is whole."""
    clients = clients_of({1: 1.0}, {2: 1.0, 3: 2.0})
    table = clients[0]._shard.tables["toy"]
    router = make_router(clients)
    router.request("toy", 1, 0)
    boundaries = np.full((1, 200), BOUNDARY, np.uint8)
    table.insert(make_block(streams=1, starts=199, overlap=1, frame_shape=(), flags=boundaries), 0)
    assert table.num_items == 0
    drawn = draw_now(router, 60)
    expected = {2: 1 / 3, 3: 2 / 3}
    assert drawn.probabilities == pytest.approx(
        [expected[number] for number in drawn.columns["actions"].tolist()]
    )
    assert (drawn.columns["actions"].size, drawn.progress.items) == (60, 2)
    assert router.down == {}


def test_a_draw_of_which_nothing_is_left_waits_for_new_items():
    """All shards turned out empty: it goes on once there is something, and asks each but once meanwhile."""
    clients = clients_of({1: 1.0})
    table = clients[0]._shard.tables["toy"]
    router = make_router(clients)
    router.request("toy", 1, 0)
    boundaries = np.full((1, 200), BOUNDARY, np.uint8)
    table.insert(make_block(streams=1, starts=199, overlap=1, frame_shape=(), flags=boundaries), 0)
    draw = router.request("toy", 5, 0)
    assert draw is not None
    assert [router.collect(draw) for _ in range(3)] == [None] * 3
    insert_numbered(table, {7: 1.0})
    assert collected(router, draw, tries=6).columns["actions"].tolist() == [7] * 5


def test_a_draw_cannot_be_merged_before_it_is_complete():
    """That would be a short batch."""
    clients = clients_of({1: 1.0})
    router = make_router(clients)
    draw_now(router, 5)
    clients[0].open = False
    draw = router.request("toy", 5, 0)
    assert draw is not None
    assert router.collect(draw) is None
    with pytest.raises(RuntimeError, match="merged before it was complete"):
        draw.merged(np.random.default_rng(0))


def test_requests_wait_for_the_rate():
    """Two samples an insert, a buffer of 8: from 8 items on 8 may be drawn, then 8 for every 4 more."""
    shard = make_shard(insert_until=0)
    router = make_router([shard], limiter=RateLimiter(2.0, min_size_to_sample=8, error_buffer=8.0))
    table = shard.tables["toy"]
    assert router.request("toy", 8, 0) is None
    assert table.insert_until == 12
    assert table.insert(make_block(streams=1), 0) == Inserted(4, 0)
    assert router.request("toy", 8, 0) is None
    table.insert(make_block(streams=1), 0)
    assert draw_now(router, 8).columns["actions"].size == 8
    assert router.request("toy", 8, 0) is None
    table.insert(make_block(streams=1), 0)
    assert router.request("toy", 8, 0) is None  # hears of it with the next
    assert draw_now(router, 8).columns["actions"].size == 8
    assert table.stats().sampled == 16


def test_without_a_ratio_inserts_go_on_as_they_please():
    """No bound is told to any shard."""
    shards = [make_shard(insert_until=0) for _ in range(2)]
    make_router(shards, limiter=NO_RATE).request("toy", 1, 0)
    assert [shard.tables["toy"].insert_until for shard in shards] == [NO_LIMIT] * 2


def test_room_is_split_evenly_over_the_shards():
    """Of 90 inserts that the rate allows each of three shards is let take 30."""
    shards = [make_shard(insert_until=0) for _ in range(3)]
    router = make_router(shards, limiter=RateLimiter(1.0, min_size_to_sample=80, error_buffer=10.0))
    router.request("toy", 1, 0)
    allowed = [shard.tables["toy"].insert_until for shard in shards]
    assert max(allowed) - min(allowed) <= 1
    assert 0 < sum(allowed) <= 90


def test_room_that_the_learner_frees_goes_to_all_shards():
    """Where blocks always wait at every shard, all of them insert alike, and not only the one asked first."""
    shards = [make_shard(num_rows=256, insert_until=0) for _ in range(3)]
    router = make_router(shards, limiter=RateLimiter(4.0, min_size_to_sample=24, error_buffer=200.0))
    sequences = [0, 0, 0]
    for _ in range(400):
        draw = router.request("toy", 16, 0)
        for index, shard in enumerate(shards):
            answer = shard.insert(encode_block(make_block(actor=f"toy-{index}", sequence=sequences[index])))
            sequences[index] += isinstance(answer, Inserted)
        if draw is not None:
            collected(router, draw)
    assert sum(sequences) > 100
    assert max(sequences) - min(sequences) <= 3, sequences


@pytest.mark.parametrize("limiter", [NO_RATE, RateLimiter(8.0, 1, 1e6)], ids=["no rate", "rate"])
def test_every_question_carries_the_newest_weights_version(limiter: RateLimiter):
    """Questions how a shard stands and questions for samples."""
    shard = make_shard()
    router = make_router([shard], limiter=limiter)
    router.request("toy", 1, 5)
    assert shard.insert(encode_block(make_block())) == Inserted(8, 5)
    router.request("toy", 1, 6)
    assert router.request("toy", 1, 7) is not None
    assert shard.insert(encode_block(make_block(sequence=1))) == Inserted(8, 7)


def test_only_the_shards_of_a_task_are_asked():
    """Each task lies where its spread says."""
    clients = clients_of({1: 1.0}, {2: 1.0}, {3: 1.0})
    router = ReplayRouter(clients, {"toy": Spread([0, 2], NO_RATE)}, np.random.default_rng(0))
    drawn = draw_now(router, 40)
    assert set(drawn.columns["actions"].tolist()) == {1, 3}
    assert clients[1].asked == []
    router.update_priorities("toy", drawn.keys, np.ones(40, np.float32))
    assert (len(clients[0].updated) > 0, clients[1].updated, len(clients[2].updated) > 0) == (True, [], True)


def test_keys_say_which_shard_and_which_item():
    """Priorities go to the shard of each item, under the key by which it knows it."""
    clients = clients_of(*SPLIT)
    router = make_router(clients)
    drawn = draw_now(router, 90)
    shards, keys = split_keys(drawn.keys)
    router.update_priorities("toy", drawn.keys, np.ones(90, np.float32))
    for shard, client in enumerate(clients):
        assert client.updated == keys[shards == shard].tolist()
        assert client._shard.tables["toy"].stats().stale_updates == 0


@pytest.mark.parametrize("key", [0, 1, ROWS_OF_A_LIFE, LIVES * ROWS_OF_A_LIFE - 1])
def test_keys_of_any_life_leave_room_for_the_shard(key: int):
    """The last row of the last life still fits below the shard's number."""
    tables = [make_numbered_table({1: 1.0}, num_rows=2, first_key=key) for _ in range(100)]
    drawn = draw_now(make_router([Shard({"toy": table}) for table in tables]), 2000)
    shards, keys = split_keys(drawn.keys)
    assert set(keys.tolist()) == {key}
    assert set(shards.tolist()) == set(range(100))


def test_restored_items_count_towards_the_minimum():
    """With 60 of a minimum of 100 back from a snapshot, 40 more are enough; the first are owed no samples."""
    shard = make_shard(num_rows=600)
    table = shard.tables["toy"]
    router = make_router([shard], limiter=RateLimiter(1.0, min_size_to_sample=100, error_buffer=8.0))
    router.take_over("toy", restored=60, sampled=0)
    for sequence in range(4):
        table.insert(make_block(sequence=sequence), 0)
    assert [router.request("toy", 8, 0) for _ in range(3)] == [None] * 3
    table.insert(make_block(sequence=5), 0)
    assert draw_now(router, 8).columns["actions"].size == 8
    assert [router.request("toy", 8, 0) for _ in range(3)] == [None] * 3


@pytest.mark.parametrize("restored", [[1000], [100], [50, 50], [80, 80], [30, 90, 500]])
def test_restored_items_count_up_to_the_minimum_and_no_further(restored: list[int]):
    """Whether they are counted at once or shard by shard: no sample more is owed to them."""
    shard = make_shard(num_rows=600, insert_until=0)
    insert_restored(shard)
    router = make_router([shard], limiter=RateLimiter(1.0, min_size_to_sample=100, error_buffer=8.0))
    for count in restored:
        router.take_over("toy", restored=count, sampled=0)
    assert draw_now(router, 8).columns["actions"].size == 8
    assert [router.request("toy", 8, 0) for _ in range(3)] == [None] * 3
    assert shard.tables["toy"].insert_until == 16


def insert_restored(shard: Shard) -> None:
    """Put eight items into a table as a snapshot would."""
    table, block = shard.tables["toy"], make_block()
    source = make_shard().tables["toy"]
    source.insert(block, 0)
    count = block.num_rows
    columns = {name: column[:count] for name, column in source.rows.columns.items()}
    table.restore(columns, source.rows.flags[:count].copy(), np.ones(8, np.float32))


def test_waiting_asks_what_is_under_way():
    """A request that was held back is waited for by the shard's next news; with none under way it returns."""
    waited: list[float] = []

    class Watched(MortalShardClient):
        def watch(self, task: str, inserted_beyond: int, pace: Pace) -> Reply[TableProgress]:
            return NotedReply(super().watch(task, inserted_beyond, pace), waited.append)

    client = Watched(make_shard())
    client.open = False
    router = make_router([client])
    router.wait("toy", 0.25)
    assert waited == []
    router.request("toy", 1, 0)
    router.wait("toy", 0.25)
    assert waited == [0.25]


def test_a_shard_throttles_until_the_router_lets_it_go_on():
    """Nothing goes in before the first request; later requests let in as much as was drawn."""
    shard = make_shard(num_rows=600, insert_until=0)
    table = shard.tables["toy"]
    router = make_router([shard], limiter=RateLimiter(1.0, min_size_to_sample=8, error_buffer=16.0))
    assert table.insert(make_block(), 0) == Throttled()
    router.request("toy", 8, 0)
    assert [table.insert(make_block(), 0) for _ in range(4)] == [Inserted(8, 0)] * 3 + [Throttled()]
    draw_now(router, 8)
    assert [table.insert(make_block(), 0) for _ in range(2)] == [Inserted(8, 0), Throttled()]
    assert shard.follow("toy", Pace(0, 0)).inserted == 32
