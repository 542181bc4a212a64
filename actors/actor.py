"""An actor: one fragment block after another, at the pace that replay allows."""

from dataclasses import dataclass

from actors.fragment_writer import ActorIdentity
from actors.rollout import Rollout
from actors.sender import BlockSender
from actors.weights_follower import WeightsFollower
from replay.wire import encode_block


@dataclass(frozen=True)
class ActorReport:
    """What became of an actor's transitions: sent = acknowledged by the shard + abandoned at the end.

    Attributes:
        actor: its name.
        life: number of its life.
        sent_items: transitions sent.
        acknowledged_items: transitions that the shard acknowledged.
        abandoned_items: transitions not acknowledged when it ended; some may have arrived.
    """

    actor: str
    life: int
    sent_items: int
    acknowledged_items: int
    abandoned_items: int


class Actor:
    """Rolls out, sends, follows the weights.

    while not stopped:
        actor.advance(timeout_seconds=1.0)
    """

    def __init__(
        self, identity: ActorIdentity, rollout: Rollout, sender: BlockSender, follower: WeightsFollower
    ) -> None:
        self._identity = identity
        self._rollout = rollout
        self._sender = sender
        self._follower = follower
        follower.follow(0)

    def advance(self, timeout_seconds: float) -> bool:
        """Gather and send one block, or return False if replay holds inserts back for that long.

        A block is shorter than it could be where its steps take long, or `halt` is called meanwhile.
        """
        if not self._sender.settle(timeout_seconds):
            return False
        self._follower.follow(self._sender.announced_version)
        block = self._rollout.next_block()
        if block is None:
            return False
        self._sender.send(encode_block(block), items=int(block.starts().sum()))
        return True

    def halt(self) -> None:
        """Let the step at hand be the last one, and what is there the last block.

        May be called from another thread while this one advances.
        """
        self._rollout.halt()

    def stop(self, timeout_seconds: float) -> ActorReport:
        """Wait at most so long for each acknowledgement still on its way, and close the environments."""
        self._sender.drain(timeout_seconds)
        self._rollout.close()
        sender = self._sender
        return ActorReport(
            self._identity.name,
            self._identity.life,
            sender.sent_items,
            sender.acknowledged_items,
            sender.abandoned_items,
        )
