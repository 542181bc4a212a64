"""Keeps the shards of a run going: looks after those that went down, saves all of them now and then."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from replay.messages import ShardStats
from replay.router import ReplayRouter
from training.runtime import Shards


@dataclass(frozen=True)
class ShardStatus:
    """One replay shard at one moment.

    Attributes:
        index: which it is.
        up: whether it answers.
        restarts: how often it was replaced.
        memory_bytes: memory of its tables.
        dropped_updates: new priorities of its items that could not be sent to it.
        trouble: what is waited for while it does not answer; None if all is well.
    """

    index: int
    up: bool
    restarts: int
    memory_bytes: int
    dropped_updates: int
    trouble: str | None = None


class ShardKeeper:
    """What the training loop does about shards, a little at a time.

        keeper = ShardKeeper(runtime.shards, router)
        keeper.tick()                         # often: takes silent shards back, replaces those that are gone
        keeper.save()                         # with each checkpoint

    Attributes:
        skipped_saves: times that replay was not saved, since it was still being saved.
    """

    def __init__(self, shards: Shards, router: ReplayRouter) -> None:
        self._shards = shards
        self._router = router
        self._restarts: Counter[int] = Counter()
        self._troubles: dict[int, str | None] = {}
        self.skipped_saves = 0

    def tick(self) -> None:
        """Look after the shards that are down.

        Raises:
            TrainingFailedError: one dies again and again.
        """
        for shard, reason in list(self._router.down.items()):
            state = self._shards.revive(shard, reason)
            self._troubles[shard] = state.trouble
            match state.name:
                case "returned":
                    self._router.returned(shard)
                case "gone":
                    self._router.gone(shard)
                case "replaced":
                    self._restarts[shard] += 1
                    self._router.replaced(shard)

    @property
    def waits(self) -> bool:
        """Whether a shard is down and waited for: meanwhile nothing may reach replay."""
        return bool(self._router.down)

    def statuses(self, shards: Mapping[int, ShardStats]) -> list[ShardStatus]:
        """Return how the shards stand of which these are the counters."""
        return [
            ShardStatus(
                index,
                up=index not in self._router.down,
                restarts=self._restarts[index],
                memory_bytes=stats.memory_bytes,
                dropped_updates=self._router.dropped_updates[index],
                trouble=self._troubles.get(index) if index in self._router.down else None,
            )
            for index, stats in sorted(shards.items())
        ]

    def save(self) -> None:
        """Begin to save replay, unless that is still under way."""
        self.skipped_saves += not self._shards.save()

    def save_and_wait(self, timeout_seconds: float) -> bool:
        """Save replay as it is now and wait, at most so long; return whether it is saved."""
        self._shards.finish_save(timeout_seconds / 2)
        return self._shards.save() and self._shards.finish_save(timeout_seconds / 2)
