"""The router when shards go down and come back: nothing is counted twice, nothing old harms what is new."""

import numpy as np
import pytest

from replay.draw import Draw
from replay.keys import split_keys, with_shard
from replay.messages import Inserted
from replay.rate_limiter import RateLimiter
from replay.router import ReplayRouter
from replay.shard import Shard
from tests.support.builders import NO_RATE, collected, make_block, make_router, make_shard
from tests.support.shard_clients import MortalShardClient, insert_numbered, make_numbered_table

SPLIT = ({1: 1.0, 2: 1.0, 3: 2.0}, {4: 1.0, 5: 3.0}, {6: 8.0})


def shard_of(items: dict[int, float]) -> Shard:
    return Shard({"toy": make_numbered_table(items)})


def clients_and_router(
    limiter: RateLimiter = NO_RATE,
) -> tuple[list[MortalShardClient], ReplayRouter]:
    """Three shards and a router that has heard how they stand."""
    clients = [MortalShardClient(shard_of(items)) for items in SPLIT]
    router = make_router(clients, limiter=limiter)
    assert router.request("toy", 1, 0) is None
    assert router.request("toy", 1, 0) is not None
    return clients, router


def ask(router: ReplayRouter, size: int = 100) -> Draw:
    draw = router.request("toy", size, 0)
    assert draw is not None
    return draw


def finish(router: ReplayRouter, draw: Draw) -> set[int]:
    """Collect a draw that is all but there; return the numbers in it."""
    return set(collected(router, draw, tries=6).columns["actions"].tolist())


def test_a_shard_that_does_not_answer_is_down_with_its_reason():
    """Several draws of the same life fail: it goes down once, and the first failure is its reason."""
    clients, router = clients_and_router()
    clients[0].open = False
    first = len(clients[0].asked) + 1
    draws = [ask(router) for _ in range(3)]
    clients[0].die()
    clients[0].open = True
    for draw in draws:
        assert finish(router, draw) == {4, 5, 6}
    assert router.down == {0: f"no answer to question {first}"}


def test_items_are_lost_once_their_process_is_gone_and_not_before():
    """While it may still answer nothing is lost; how often it is said to be gone makes no difference."""
    clients, router = clients_and_router()
    clients[0].die()
    finish(router, ask(router))
    assert router.lost == {}
    for _ in range(2):
        router.gone(0)
        assert (set(router.down), router.lost) == ({0}, {"toy": 3})
    router.replaced(0)
    assert (router.down, router.lost) == ({}, {"toy": 3})


def test_a_silent_shard_is_taken_back_with_all_that_it_holds():
    """It is drawn from at once, with the probabilities of one buffer, and nothing is lost."""
    clients, router = clients_and_router()
    clients[0].unreachable = True
    assert finish(router, ask(router)) == {4, 5, 6}
    asked = len(clients[0].asked)
    assert finish(router, ask(router)) == {4, 5, 6}
    assert len(clients[0].asked) == asked
    clients[0].unreachable = False
    router.returned(0)
    draw = ask(router, 200)
    drawn = collected(router, draw)
    assert set(drawn.columns["actions"].tolist()) == {1, 2, 3, 4, 5, 6}
    weights = {1: 1.0, 2: 1.0, 3: 2.0, 4: 1.0, 5: 3.0, 6: 8.0}
    assert drawn.probabilities == pytest.approx([weights[n] / 16 for n in drawn.columns["actions"].tolist()])
    assert drawn.progress.items == 6
    assert (router.down, router.lost) == ({}, {})


def test_while_a_shard_is_silent_items_are_those_of_the_others():
    """Importance weights count what can be drawn."""
    clients, router = clients_and_router()
    clients[2].unreachable = True
    assert finish(router, ask(router)) == {1, 2, 3, 4, 5}
    draw = ask(router)
    assert collected(router, draw).progress.items == 5


def test_late_failures_of_a_silence_do_not_take_a_returned_shard_down_again():
    """Questions that were under way when it fell silent run out of time one after the other."""
    clients, router = clients_and_router()
    clients[0].open = False
    early, late = ask(router), ask(router)
    clients[0].open = clients[0].unreachable = True
    assert finish(router, early) == {4, 5, 6}
    router.returned(0)
    assert router.collect(late) is None
    assert router.down == {}
    clients[0].unreachable = False
    assert router.collect(late) is not None
    assert router.down == {}


def test_late_answers_of_a_silence_say_nothing_of_a_returned_shard():
    """What it was when it fell silent is older than what it says now, and is not believed."""
    clients, router = clients_and_router()
    clients[0].open = False
    early, late = ask(router), ask(router)
    clients[0].open = clients[0].unreachable = True
    assert finish(router, early) == {4, 5, 6}
    clients[0].unreachable = False
    router.returned(0)
    insert_numbered(clients[0]._shard.tables["toy"], {7: 1.0})
    new = ask(router)
    assert [collected(router, draw).progress.items for draw in (new, late)] == [7, 7]


def test_a_returned_shard_may_turn_out_to_be_gone_later():
    """Its items are lost then, those that came meanwhile included, once."""
    clients, router = clients_and_router()
    clients[0].unreachable = True
    finish(router, ask(router))
    clients[0].unreachable = False
    router.returned(0)
    insert_numbered(clients[0]._shard.tables["toy"], {7: 1.0})
    finish(router, ask(router))
    clients[0].die()
    assert finish(router, ask(router)) == {4, 5, 6}
    router.gone(0)
    assert router.lost == {"toy": 4}


def test_priorities_reach_a_shard_that_returned():
    """Items that were drawn before the silence are the same items after it."""
    clients, router = clients_and_router()
    draw = ask(router)
    drawn = collected(router, draw)
    clients[0].unreachable = True
    finish(router, ask(router))
    router.update_priorities("toy", drawn.keys, np.full(100, 2.0, np.float32))
    assert clients[0].updated == []
    assert router.dropped_updates == {0: (split_keys(drawn.keys)[0] == 0).sum()}
    clients[0].unreachable = False
    router.returned(0)
    router.update_priorities("toy", drawn.keys, np.full(100, 2.0, np.float32))
    table = clients[0]._shard.tables["toy"]
    assert table.stats().stale_updates == 0
    assert len(clients[0].updated) == (split_keys(drawn.keys)[0] == 0).sum() > 0


def test_a_silence_leaves_the_rate_as_it_was():
    """Nothing is granted anew for what is still there: inserts stop where they would have stopped anyway."""
    limiter = RateLimiter(1.0, min_size_to_sample=16, error_buffer=24.0)

    def inserts(silent: bool) -> list[int]:
        clients = [MortalShardClient(make_shard(num_rows=600, insert_until=0)) for _ in range(2)]
        router = make_router(clients, limiter=limiter)
        for turn in range(40):
            if silent and turn == 10:
                clients[0].unreachable = True
            if silent and turn == 20:
                clients[0].unreachable = False
                assert set(router.down) == {0}
                router.returned(0)
            draws_now(router)
            for client in clients:
                if not client.unreachable:
                    client._shard.tables["toy"].insert(make_block(), 0)
        stats = [client._shard.tables["toy"].stats() for client in clients]
        return [sum(one.inserted for one in stats), sum(one.sampled for one in stats)]

    inserted, sampled = inserts(silent=True)
    assert abs(inserted - 16 - sampled) <= 24
    assert inserted > 100
    steady, _ = inserts(silent=False)
    assert inserted < steady


def test_a_task_is_out_of_reach_once_all_its_shards_are_down():
    """Whoever waits for it has to wait by the clock."""
    clients, router = clients_and_router()
    for client in clients:
        client.open = False
    draw = ask(router)
    for client in clients:
        assert router.reaches("toy")
        client.die()
        client.open = True
        router.collect(draw)
        router.collect(draw)
    assert not router.reaches("toy")


def test_nothing_is_asked_of_a_shard_that_is_down():
    """No samples, no questions, no priorities, which are counted; the others go on."""
    clients, router = clients_and_router()
    drawn = collected(router, ask(router))
    clients[1].die()
    finish(router, ask(router))
    asked, updated = len(clients[1].asked), len(clients[1].updated)
    assert finish(router, ask(router)) == {1, 2, 3, 6}
    router.update_priorities("toy", drawn.keys, np.ones(100, np.float32))
    assert (len(clients[1].asked), len(clients[1].updated)) == (asked, updated)
    on_shard = np.bincount(split_keys(drawn.keys)[0]).tolist()
    assert len(clients[0].updated) == on_shard[0] > 0
    assert router.dropped_updates == {1: on_shard[1]}


def test_priorities_that_a_client_cannot_send_are_counted():
    """The shard is not down for that: its process may be flooded."""

    class Flooded(MortalShardClient):
        def update_priorities(self, task, keys, priorities):  # noqa: ARG002
            return False

    router = make_router([Flooded(make_shard()), MortalShardClient(make_shard())])
    keys = np.concatenate([with_shard(np.arange(count), shard) for shard, count in ((0, 3), (1, 2))])
    router.update_priorities("toy", keys, np.ones(5, np.float32))
    assert (router.dropped_updates, router.down) == ({0: 3}, {})


def test_a_shard_that_dies_while_nothing_is_drawn_goes_down_too():
    """The question how it stands fails, and that is noticed with the next request."""
    client = MortalShardClient(make_shard())
    router = make_router([client])
    router.request("toy", 1, 0)
    client.die()
    assert router.request("toy", 1, 0) is None
    assert router.down == {0: "no answer to question 1"}
    assert router.lost["toy"] == 0


def test_with_every_shard_down_nothing_comes_and_nothing_breaks():
    """Requests are held back, and a draw under way waits for a successor."""
    clients, router = clients_and_router()
    for client in clients:
        client.open = False
    draw = ask(router, size=10)
    for client in clients:
        client.die()
        client.open = True
    assert [router.collect(draw) for _ in range(3)] == [None] * 3
    assert router.request("toy", 10, 0) is None
    assert set(router.down) == {0, 1, 2}
    draw.wait(0.0)
    router.wait("toy", 0.0)
    clients[2].come_back(shard_of({7: 1.0}))
    router.replaced(2)
    assert finish(router, draw) == {7}


def test_a_successor_is_drawn_from_as_soon_as_it_has_something():
    """It begins empty: its items count from when it is heard of, those of the dead are gone."""
    clients, router = clients_and_router()
    clients[0].die()
    finish(router, ask(router))
    clients[0].come_back(shard_of({8: 4.0, 9: 4.0}))
    router.replaced(0)
    assert router.down == {}
    finish(router, ask(router))
    draw = ask(router, 200)
    drawn = collected(router, draw)
    assert set(drawn.columns["actions"].tolist()) == {4, 5, 6, 8, 9}
    probabilities = {4: 0.05, 5: 0.15, 6: 0.4, 8: 0.2, 9: 0.2}
    assert drawn.probabilities == pytest.approx([probabilities[n] for n in drawn.columns["actions"].tolist()])
    assert drawn.progress.items == 5
    assert router.lost == {"toy": 3}


def test_late_failures_of_an_old_life_do_not_take_the_new_one_down():
    """A draw that was under way when the shard died is made whole after its successor came up."""
    clients, router = clients_and_router()
    clients[0].open = False
    early, late = ask(router), ask(router)
    clients[0].die()
    clients[0].open = True
    assert finish(router, early) == {4, 5, 6}
    clients[0].come_back(shard_of({8: 4.0}))
    router.replaced(0)
    assert finish(router, late) <= {4, 5, 6, 8}
    assert (router.down, router.lost) == ({}, {"toy": 3})


def test_late_answers_of_an_old_life_say_nothing_of_the_new_one():
    """A shard that was given up for lost answers after all: what it says of itself is not believed."""
    clients, router = clients_and_router()
    clients[0].open = False
    early, late = ask(router), ask(router)
    clients[0].open = clients[0].unreachable = True
    assert finish(router, early) == {4, 5, 6}
    clients[0].come_back(Shard({"toy": make_numbered_table({})}))
    router.replaced(0)
    assert 1 in finish(router, late)
    assert finish(router, ask(router)) == {4, 5, 6}
    draw = ask(router)
    assert collected(router, draw).progress.items == 3
    assert (router.down, router.lost) == ({}, {"toy": 3})


def test_a_shard_may_die_again_and_again():
    """Each life's items are lost once."""
    clients, router = clients_and_router()
    for number in (10, 11):
        clients[0].die()
        finish(router, ask(router))
        clients[0].come_back(shard_of({number: 100.0}))
        router.replaced(0)
        finish(router, ask(router))
        assert number in finish(router, ask(router))
    assert router.lost == {"toy": 3 + 1}


def test_priorities_of_an_old_lifes_items_touch_nothing_in_the_new_one():
    """They go to the successor, which begins at a higher key and counts them as stale."""
    clients, router = clients_and_router()
    draw = ask(router)
    drawn = collected(router, draw)
    clients[0].die()
    finish(router, ask(router))
    table = make_numbered_table({}, first_key=2**36)
    clients[0].come_back(Shard({"toy": table}))
    router.replaced(0)
    for _ in range(3):
        table.insert(make_block(streams=1, starts=199, overlap=1, frame_shape=()), 0)
    mass = table.selector.mass
    router.update_priorities("toy", drawn.keys, np.full(100, 1e6, np.float32))
    assert table.stats().stale_updates == (split_keys(drawn.keys)[0] == 0).sum() > 0
    assert table.selector.mass == mass


def test_what_a_dead_shard_took_in_still_counts_for_the_rate():
    """Its inserts have happened, and were drawn from: they are not asked for again, nor owed again."""
    limiter = RateLimiter(1.0, min_size_to_sample=16, error_buffer=24.0)
    clients = [MortalShardClient(make_shard(num_rows=600, insert_until=0)) for _ in range(2)]
    router = make_router(clients, limiter=limiter)
    assert draws_now(router) == 0
    tables = [client._shard.tables["toy"] for client in clients]
    for table in tables:
        table.insert(make_block(), 0)
    assert draws_now(router) == 3
    clients[0].die()
    assert draws_now(router) == 0
    assert set(router.down) == {0}
    clients[0].come_back(make_shard(num_rows=600, insert_until=0))
    router.replaced(0)
    assert draws_now(router) == 0
    assert clients[0]._shard.tables["toy"].insert(make_block(), 0) == Inserted(8, 0)
    assert draws_now(router) == 1


def draws_now(router: ReplayRouter, tries: int = 8) -> int:
    """Draw eight items as often as the rate allows; return how often."""
    draws = [router.request("toy", 8, 0) for _ in range(tries)]
    assert all(router.collect(draw) is not None for draw in draws if draw is not None)
    return sum(draw is not None for draw in draws)
