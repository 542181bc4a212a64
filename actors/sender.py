"""Sends blocks with a bounded number in flight, and sends throttled ones again."""

from collections import deque
from dataclasses import dataclass

from replay.client import Reply, ShardClient, ShardUnavailableError
from replay.messages import InsertAnswer, Inserted, Refused, Throttled

MAX_IN_FLIGHT = 2
MAX_FAILURES = 9000
"""Sends in a row to a shard that is not there, until it counts as gone for good."""


class RefusedBlockError(RuntimeError):
    """A shard refused a block for good: actor and shard disagree about the task."""


@dataclass(frozen=True)
class _Parcel:
    data: bytes
    items: int


class BlockSender:
    """At most `MAX_IN_FLIGHT` blocks are on their way; a block leaves only when it was acknowledged.

    A shard that does not answer may come back, or another in its place: the block is sent again, and known by
    its sequence number if it had arrived.

        if sender.settle(timeout_seconds=1.0):
            sender.send(encode_block(block), items=256)

    Attributes:
        announced_version: newest weights version that an acknowledgement named.
        sent_items: transitions handed to `send`.
        acknowledged_items: transitions of acknowledged blocks.
        abandoned_items: transitions of blocks that `drain` gave up.
    """

    def __init__(self, client: ShardClient) -> None:
        self._client = client
        self._in_flight: deque[tuple[_Parcel, Reply[InsertAnswer]]] = deque()
        self._failures = 0
        self.announced_version = 0
        self.sent_items = 0
        self.acknowledged_items = 0
        self.abandoned_items = 0

    def send(self, data: bytes, items: int) -> None:
        """Send an encoded block of so many transitions."""
        self.sent_items += items
        self._dispatch(_Parcel(data, items))

    def settle(self, timeout_seconds: float) -> bool:
        """Take in answers, waiting at most so long if there is no room; return whether there is room to send.

        Raises:
            RefusedBlockError: the shard will never take a block.
            ShardUnavailableError: the shard did not answer `MAX_FAILURES` times in a row.
        """
        while self._in_flight:
            full = len(self._in_flight) >= MAX_IN_FLIGHT
            if not self._take_in_oldest(timeout_seconds if full else 0.0):
                break
        return len(self._in_flight) < MAX_IN_FLIGHT

    def drain(self, timeout_seconds: float) -> None:
        """Wait at most so long for each missing acknowledgement; what is held back even now is abandoned."""
        while self._in_flight:
            parcel, reply = self._in_flight.popleft()
            if reply.wait(timeout_seconds) and isinstance(_answer(reply), Inserted):
                self.acknowledged_items += parcel.items
            else:
                self.abandoned_items += parcel.items

    def _take_in_oldest(self, timeout_seconds: float) -> bool:
        parcel, reply = self._in_flight[0]
        if not reply.wait(timeout_seconds):
            return False
        self._in_flight.popleft()
        answer = _answer(reply)
        self._failures = self._failures + 1 if isinstance(answer, ShardUnavailableError) else 0
        match answer:
            case Inserted(weights_version=version):
                self.announced_version = max(self.announced_version, version)
                self.acknowledged_items += parcel.items
                return True
            case ShardUnavailableError() if self._failures >= MAX_FAILURES:
                raise answer
            case Throttled() | ShardUnavailableError():
                self._dispatch(parcel)
                return False
            case Refused(reason):
                raise RefusedBlockError(f"the shard refused a block: {reason}")

    def _dispatch(self, parcel: _Parcel) -> None:
        self._in_flight.append((parcel, self._client.insert(parcel.data)))


def _answer(reply: Reply[InsertAnswer]) -> InsertAnswer | ShardUnavailableError:
    try:
        return reply.result()
    except ShardUnavailableError as error:
        return error
