"""The block sender: two in flight, throttled blocks again, each inserted once, all counted."""

import pytest

from actors.sender import MAX_IN_FLIGHT, BlockSender, RefusedBlockError
from replay.client import LocalShardClient, Reply
from replay.messages import InsertAnswer, Sampled, Throttled
from replay.rate_limiter import RateLimiter
from replay.shard import Shard
from replay.wire import encode_block
from tests.support.builders import make_block, make_shard, make_table
from tests.support.learning_builders import Delayed

ITEMS = 8


class SlowInserts(LocalShardClient):
    """A shard in this process whose acknowledgements arrive only while `open`; it records the answers."""

    def __init__(self, shard: Shard) -> None:
        super().__init__(shard)
        self.open = True
        self.answers: list[InsertAnswer] = []

    def insert(self, data: bytes) -> Reply[InsertAnswer]:
        answer = super().insert(data).result()
        self.answers.append(answer)
        return Delayed(answer, lambda: self.open)


def parcel(sequence: int) -> bytes:
    return encode_block(make_block(sequence=sequence))


def limited_shard() -> Shard:
    """A shard that takes two blocks and a third once 8 items were sampled, and so on."""
    limiter = RateLimiter(samples_per_insert=1.0, min_size_to_sample=ITEMS, error_buffer=8.0)
    return Shard({"toy": make_table(num_rows=480, limiter=limiter)})


def test_at_most_two_blocks_are_on_their_way():
    """With no acknowledgement there is room for two, then none, and the room comes back with the answers."""
    client = SlowInserts(make_shard())
    client.open = False
    sender = BlockSender(client)
    for sequence in range(MAX_IN_FLIGHT):
        assert sender.settle(0.0)
        sender.send(parcel(sequence), ITEMS)
    assert not sender.settle(0.0)
    assert (sender.sent_items, sender.acknowledged_items) == (2 * ITEMS, 0)
    client.open = True
    assert sender.settle(0.0)
    assert (sender.sent_items, sender.acknowledged_items) == (2 * ITEMS, 2 * ITEMS)


def test_a_throttled_block_is_sent_again_and_inserted_once():
    """While replay holds back nothing is lost and nothing repeated; sampling frees the way."""
    shard = limited_shard()
    sender = BlockSender(LocalShardClient(shard))
    for sequence in range(2):
        assert sender.settle(0.0)
        sender.send(parcel(sequence), ITEMS)
    assert sender.settle(0.0)
    for sequence in (2, 3):
        sender.send(parcel(sequence), ITEMS)
    assert [sender.settle(0.0) for _ in range(4)] == [False] * 4
    assert shard.stats().tables["toy"].inserted == 2 * ITEMS
    assert sender.acknowledged_items == 2 * ITEMS
    for _ in range(10):
        shard.sample("toy", ITEMS)
        sender.settle(0.0)
    stats = shard.stats().tables["toy"]
    assert stats.throttled > 4
    assert stats.inserted == sender.sent_items == sender.acknowledged_items == 4 * ITEMS
    assert stats.dropped == {}
    assert shard.problem() is None


def test_with_one_throttled_block_there_is_still_room_for_one():
    """An actor may be one block ahead while the first is held back."""
    shard = limited_shard()
    sender = BlockSender(LocalShardClient(shard))
    for sequence in range(2):
        sender.send(parcel(sequence), ITEMS)
    assert sender.settle(0.0)
    sender.send(parcel(2), ITEMS)
    assert sender.settle(0.0)
    sender.send(parcel(3), ITEMS)
    assert not sender.settle(0.0)


def test_a_refused_block_is_an_error_with_the_shards_reason():
    """Sending it again would never help."""
    sender = BlockSender(LocalShardClient(make_shard()))
    sender.send(encode_block(make_block("other")), ITEMS)
    with pytest.raises(RefusedBlockError, match=r"the shard refused a block: no table for task 'other'"):
        sender.settle(0.0)


def test_the_newest_announced_version_counts():
    """Acknowledgements carry what the shard has heard of; an older one never turns it back."""
    shard = make_shard()
    client = SlowInserts(shard)
    sender = BlockSender(client)
    assert sender.announced_version == 0
    sender.send(parcel(0), ITEMS)
    assert isinstance(shard.sample("toy", 1, weights_version=6), Sampled)
    sender.send(parcel(1), ITEMS)
    assert sender.settle(0.0)
    assert sender.announced_version == 6
    sender.send(parcel(1), ITEMS)
    sender.settle(0.0)
    assert sender.announced_version == 6


def test_a_duplicate_is_acknowledged_and_counted_by_the_shard():
    """sent = inserted + dropped, also where a block was sent twice."""
    shard = make_shard()
    sender = BlockSender(LocalShardClient(shard))
    for sequence in (0, 0, 1):
        sender.settle(0.0)
        sender.send(parcel(sequence), ITEMS)
    sender.drain(0.0)
    stats = shard.stats().tables["toy"]
    assert sender.sent_items == sender.acknowledged_items == stats.inserted + stats.dropped["duplicate"]


def test_draining_abandons_what_does_not_answer():
    """Nothing is in between: sent = acknowledged + abandoned, and a second drain changes nothing."""
    client = SlowInserts(make_shard())
    sender = BlockSender(client)
    sender.send(parcel(0), ITEMS)
    assert sender.settle(0.0)
    client.open = False
    for sequence in (1, 2):
        sender.send(parcel(sequence), ITEMS)
    for _ in range(2):
        sender.drain(0.0)
        assert (sender.sent_items, sender.acknowledged_items, sender.abandoned_items) == (24, 8, 16)
    assert sender.settle(0.0)


def test_draining_counts_an_acknowledgement_behind_a_throttled_block():
    """What a shard has inserted is acknowledged at the end, whatever happened to the block before it."""
    shard = limited_shard()
    client = SlowInserts(shard)
    sender = BlockSender(client)
    for sequence in range(2):
        sender.send(parcel(sequence), ITEMS)
    assert sender.settle(0.0)
    sender.send(parcel(2), ITEMS)
    assert client.answers[-1] == Throttled()
    shard.sample("toy", ITEMS)
    sender.send(parcel(3), ITEMS)
    sender.drain(0.0)
    assert sender.acknowledged_items == shard.stats().tables["toy"].inserted == 3 * ITEMS
    assert sender.abandoned_items == ITEMS
