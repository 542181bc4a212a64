"""What the learner knows of one task's replay: how each shard stands, and how far each may go."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from replay.client import Reply
from replay.messages import TableProgress
from replay.rate_limiter import NO_LIMIT, RateLimiter

_NOTHING = TableProgress(inserted=0, items=0, mass=0.0)


@dataclass(frozen=True)
class Spread:
    """Where a task's replay lies, and the rate that is kept over all of it.

    Attributes:
        shards: indices of the task's shards.
        limiter: the task's.
    """

    shards: Sequence[int]
    limiter: RateLimiter


@dataclass
class TaskBook:
    """What is known of one task: how each shard stands, and how many samples were drawn.

    Attributes:
        spread: where it lies.
        samples: items drawn.
        progress: of each shard that has it, as last heard of.
        watches: questions under way.
        granted: up to how many transitions each shard was told that it may take in, over its lifetime.
        served: how much each shard was granted, as far as the order of grants goes; see `by_turn`.
        request_size: the largest draw that was asked for.
    """

    spread: Spread
    samples: int = 0
    progress: dict[int, TableProgress] = field(default_factory=dict)
    watches: dict[int, Reply[TableProgress]] = field(default_factory=dict)
    granted: dict[int, int] = field(default_factory=dict)
    served: dict[int, int] = field(default_factory=dict)
    request_size: int = 0
    _elsewhere: int = 0
    """Inserts that the limiter counts, but no present shard made: of shards that are gone, and credit."""
    _credited: int = 0
    """How many of them are credit."""
    _refill: int = 0
    """Inserts beyond the limiter's bound, in the place of items that were lost."""

    def __post_init__(self) -> None:
        self.progress = dict.fromkeys(self.spread.shards, _NOTHING)
        self.granted = dict.fromkeys(self.spread.shards, 0)
        self.served = dict.fromkeys(self.spread.shards, 0)

    def inserts(self) -> int:
        """Return the inserts that the limiter counts."""
        return self._elsewhere + sum(progress.inserted for progress in self.progress.values())

    def progress_of(self, shards: Sequence[int]) -> TableProgress:
        """Return how the task stands on some shards together."""
        known = [self.progress[shard] for shard in shards]
        return TableProgress(
            sum(each.inserted for each in known),
            sum(each.items for each in known),
            sum(each.mass for each in known),
        )

    def mass_of(self, shards: Sequence[int]) -> NDArray[np.float64]:
        """Return what the items of each shard weigh."""
        return np.array([self.progress[shard].mass for shard in shards])

    def may_sample(self, count: int) -> bool:
        """Return whether the rate lets `count` more items be drawn."""
        return self.spread.limiter.may_sample(self.inserts(), self.samples, count)

    def lacking(self, count: int) -> int:
        """Return how many more inserts there must be until `count` items may be drawn."""
        return self.spread.limiter.least_inserts(self.samples, count) - self.inserts()

    def grant(self, shard: int) -> int:
        """Grant a shard inserts that nobody was granted yet; return up to how many it may take in now.

        A grant is never taken back, and may be used at any time: all of them together stay within the
        limiter's bound. So what one of several shards has not used is bounded too, or an idle one would keep
        the others waiting.
        """
        limiter = self.spread.limiter
        if limiter.samples_per_insert is None:
            return NO_LIMIT
        bound = limiter.most_inserts(self.samples) + self._refill - self._elsewhere
        free = bound - sum(self.granted.values())
        if len(self.granted) > 1:
            unused = self.granted[shard] - self.progress[shard].inserted
            free = min(free, self._most_unused() - unused)
        self.granted[shard] += max(0, free)
        self.served[shard] += max(0, free)
        return self.granted[shard]

    def by_turn(self, shards: Sequence[int]) -> list[int]:
        """Return some shards in the order of grants: whoever was granted least comes first.

        Whoever comes first gets what room there is: in one order for ever the others would starve. A shard
        that took in nothing for long is owed no more than it may leave unused: while it made up for all that
        it missed, the others would starve.
        """
        least = max(self.served.values()) - self._most_unused()
        self.served = {shard: max(served, least) for shard, served in self.served.items()}
        return sorted(shards, key=self.served.__getitem__)

    def _most_unused(self) -> int:
        """Return how many of its grants each of several shards may leave unused."""
        return self.spread.limiter.most_unused(self.request_size) // len(self.granted)

    def credit(self, restored: int) -> None:
        """Count items of a snapshot as inserts, as far as the minimum to sample goes."""
        credited = min(self._credited + restored, self.spread.limiter.min_size_to_sample)
        self._elsewhere += credited - self._credited
        self._credited = credited

    def lose(self, shard: int) -> None:
        """Forget how a shard stood; its inserts and the samples drawn from them have happened.

        What was lost may be gathered anew, and at least as many inserts as the limiter tolerates: an empty
        successor must not wait for samples.
        """
        limiter = self.spread.limiter
        tolerated = limiter.error_buffer / limiter.samples_per_insert if limiter.samples_per_insert else 0.0
        self._refill += max(self.progress[shard].items, math.ceil(tolerated))
        self._elsewhere += self.progress[shard].inserted
        self.progress[shard] = _NOTHING
        self.granted[shard] = 0
