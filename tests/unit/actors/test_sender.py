"""The block sender: two in flight, throttled and lost blocks again, each inserted once, all counted."""

from collections.abc import Iterable
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.sender import MAX_FAILURES, MAX_IN_FLIGHT, BlockSender, RefusedBlockError
from replay.client import LocalShardClient, Reply, ShardUnavailableError
from replay.messages import InsertAnswer, Inserted, Pace, Throttled
from replay.shard import Shard
from replay.wire import encode_block
from tests.support.builders import make_block, make_shard
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
    """A shard that takes two blocks; `let_in` makes room for more."""
    return make_shard(num_rows=480, insert_until=2 * ITEMS)


def let_in(shard: Shard, blocks: int) -> None:
    """Let a shard take in that many blocks over its lifetime."""
    shard.follow("toy", Pace(weights_version=0, insert_until=blocks * ITEMS))


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
    """While replay holds back nothing is lost and nothing repeated; a later pace frees the way."""
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
    for blocks in range(10):
        let_in(shard, blocks)
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
    shard.follow("toy", Pace(weights_version=6, insert_until=0))
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


def test_draining_counts_an_acknowledgement_after_a_throttled_block():
    """What a shard has inserted is acknowledged at the end, whatever happened to the block before it."""
    shard = limited_shard()
    client = SlowInserts(shard)
    sender = BlockSender(client)
    for sequence in range(2):
        sender.send(parcel(sequence), ITEMS)
    assert sender.settle(0.0)
    sender.send(parcel(2), ITEMS)
    assert client.answers[-1] == Throttled()
    let_in(shard, 3)
    sender.send(parcel(3), ITEMS)
    sender.drain(0.0)
    assert sender.acknowledged_items == shard.stats().tables["toy"].inserted == 3 * ITEMS
    assert sender.abandoned_items == ITEMS


class Gone:
    """The answer of a shard that is not there."""

    def wait(self, timeout_seconds: float) -> bool:  # noqa: ARG002 - it is known at once
        return True

    def result(self) -> NoReturn:
        raise ShardUnavailableError("nobody is there")


class Unreliable(LocalShardClient):
    """A shard that loses blocks on the way in, or its answers on the way out, as a script says."""

    def __init__(self, shard: Shard, script: Iterable[str] = ()) -> None:
        super().__init__(shard)
        self.script = list(script)
        self.asked = 0

    def insert(self, data: bytes) -> Reply[InsertAnswer]:
        self.asked += 1
        what = self.script.pop(0) if self.script else "answers"
        if what == "loses the block":
            return Gone()
        answer = super().insert(data)
        return answer if what == "answers" else Gone()


LOSES_BLOCK, LOSES_ANSWER, ANSWERS = "loses the block", "loses the answer", "answers"


@pytest.mark.parametrize("failures", [1, 2, 5, MAX_FAILURES - 1])
@pytest.mark.parametrize("loss", [LOSES_BLOCK, LOSES_ANSWER])
def test_a_shard_that_comes_back_gets_its_blocks(loss: str, failures: int):
    """Each is sent until it is acknowledged, is in replay once, and is counted once."""
    shard = make_shard(num_rows=480)
    client = Unreliable(shard, [loss] * failures)
    sender = BlockSender(client)
    for sequence in range(6):
        while not sender.settle(0.0):
            pass
        sender.send(parcel(sequence), ITEMS)
    sender.drain(0.0)
    assert (sender.sent_items, sender.acknowledged_items, sender.abandoned_items) == (48, 48, 0)
    stats = shard.stats().tables["toy"]
    assert stats.inserted == 48
    assert client.asked == 6 + failures
    assert stats.dropped == ({} if loss == LOSES_BLOCK else {"duplicate": failures * ITEMS})
    assert shard.problem() is None


def test_a_shard_that_stays_away_is_an_error_in_the_end():
    """After so many failures in a row the sender says what the last one was."""
    client = Unreliable(make_shard(), [LOSES_BLOCK] * 10 * MAX_FAILURES)
    sender = BlockSender(client)
    sender.send(parcel(0), ITEMS)
    for _ in range(MAX_FAILURES - 1):
        assert sender.settle(0.0)
    with pytest.raises(ShardUnavailableError, match="nobody is there"):
        sender.settle(0.0)
    assert client.asked == MAX_FAILURES
    assert sender.sent_items == ITEMS


@pytest.mark.parametrize("answer", [Inserted, Throttled])
def test_only_failures_in_a_row_count(answer: type[InsertAnswer]):
    """Any answer, also that of a shard that holds back, says that it is there."""
    shard = make_shard(num_rows=480, insert_until=10**6 if answer is Inserted else 0)
    script = ([LOSES_BLOCK] * (MAX_FAILURES - 1) + [ANSWERS]) * 3
    sender = BlockSender(Unreliable(shard, script))
    sequence = 0
    for _ in range(len(script)):
        if sender.settle(0.0) and sender.sent_items - sender.acknowledged_items == 0:
            sender.send(parcel(sequence), ITEMS)
            sequence += 1
    stats = shard.stats().tables["toy"]
    assert (stats.inserted if answer is Inserted else stats.throttled) > 1


@given(
    st.lists(st.sampled_from([LOSES_BLOCK, LOSES_ANSWER, ANSWERS]), max_size=40),
    st.integers(0, 8),
    st.integers(0, 8),
)
def test_the_books_are_kept_whatever_gets_lost(script: list[str], blocks: int, room: int):
    """sent = acknowledged + abandoned; what is acknowledged is in replay, and nothing is in it twice."""
    shard = make_shard(num_rows=480, insert_until=room * ITEMS)
    sender = BlockSender(Unreliable(shard, script))
    for sequence in range(blocks):
        for _ in range(50):
            if sender.settle(0.0):
                sender.send(parcel(sequence), ITEMS)
                break
    sender.drain(0.0)
    inserted = shard.stats().tables["toy"].inserted
    assert sender.sent_items == sender.acknowledged_items + sender.abandoned_items
    assert sender.acknowledged_items <= inserted <= min(sender.sent_items, room * ITEMS)
    assert shard.problem() is None


def test_what_is_abandoned_with_a_dead_shard_is_counted():
    """Draining does not try again: what fails then is given up, whether or not it arrived."""
    shard = make_shard(num_rows=480)
    sender = BlockSender(Unreliable(shard, [ANSWERS, LOSES_BLOCK, LOSES_ANSWER]))
    sender.send(parcel(0), ITEMS)
    assert sender.settle(0.0)
    for sequence in (1, 2):
        sender.send(parcel(sequence), ITEMS)
    sender.drain(0.0)
    assert (sender.sent_items, sender.acknowledged_items, sender.abandoned_items) == (24, 8, 16)
    assert shard.stats().tables["toy"].inserted == 16
