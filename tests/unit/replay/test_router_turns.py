"""Whose turn it is: room that the learner frees goes to all shards at which blocks wait."""

from collections.abc import Callable

import pytest

from replay.messages import Inserted
from replay.rate_limiter import RateLimiter
from replay.shard import Shard
from replay.wire import encode_block
from tests.support.builders import make_block, make_router, make_shard
from tests.support.shard_clients import MortalShardClient

LIMITER = RateLimiter(4.0, min_size_to_sample=24, error_buffer=200.0)
TRIES = 8


class Contest:
    """Three shards, at each of which a block of eight transitions waits, where `has_actor` says so.

    Attributes:
        blocks: that went into each shard.
    """

    def __init__(self, request_size: int = 16) -> None:
        self.clients = [MortalShardClient(self.empty_shard()) for _ in range(3)]
        self.router = make_router(self.clients, limiter=LIMITER)
        self.request_size = request_size
        self.blocks = [0, 0, 0]

    @staticmethod
    def empty_shard() -> Shard:
        """Return a shard that keeps all that it gets here."""
        return make_shard(num_rows=16384, insert_until=0)

    def go_on(self, turns: int, has_actor: Callable[[int, int], bool] = lambda *_: True) -> list[int]:
        """Draw so often, insert wherever there is room; return the blocks that each shard took meanwhile."""
        before = list(self.blocks)
        for turn in range(turns):
            draw = self.router.request("toy", self.request_size, 0)
            for shard, client in enumerate(self.clients):
                if has_actor(turn, shard) and not client.dead:
                    block = make_block(actor=f"toy-{shard}", life=client.life, sequence=self.blocks[shard])
                    answer = client._shard.insert(encode_block(block))
                    self.blocks[shard] += isinstance(answer, Inserted)
            if draw is not None:
                assert any(self.router.collect(draw) is not None for _ in range(TRIES))
        return [now - then for now, then in zip(self.blocks, before, strict=True)]


def test_a_shard_whose_actors_return_does_not_make_up_for_what_it_missed():
    """It has had no actor for long: from now on all insert alike, and the others go on meanwhile."""
    contest = Contest()
    without = contest.go_on(400, has_actor=lambda _, shard: shard > 0)
    assert without[0] == 0
    assert min(without[1:]) > 50
    taken = contest.go_on(100)
    assert max(taken) - min(taken) <= 5, taken


@pytest.mark.parametrize("request_size", [2, 16])
def test_the_successor_of_a_dead_shard_and_the_others_insert_alike(request_size: int):
    """It is seldom drawn from at first, since it holds little: it has its turn all the same."""
    contest = Contest(request_size)
    contest.go_on(400)
    contest.clients[0].die()
    contest.go_on(10)
    contest.clients[0].come_back(contest.empty_shard())
    contest.router.replaced(0)
    taken = contest.go_on(1600 // request_size)
    assert sum(taken) > 40
    assert max(taken) - min(taken) <= 5, taken


def test_a_shard_with_few_actors_inserts_all_that_they_send():
    """One block in forty turns: it never waits, and the others share the rest alike."""
    contest = Contest()
    contest.go_on(200)
    taken = contest.go_on(400, has_actor=lambda turn, shard: shard > 0 or turn % 40 == 0)
    assert taken[0] >= 9  # the first one may come while all still wait for room alike
    assert abs(taken[1] - taken[2]) <= 2, taken
