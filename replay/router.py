"""All shards of a run as one replay, as the learner sees it: who is asked, how far each may go."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from replay.client import Reply, ShardClient, ShardUnavailableError
from replay.draw import Draw, Part
from replay.keys import split_keys
from replay.messages import Pace, SampleAnswer, TableProgress
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


class ReplayRouter:
    """Draws from every shard in proportion to its priority mass, and keeps each task's rate over all of them.

        router = ReplayRouter(clients, {"cartpole": Spread([0, 1], limiter)}, rng)
        draw = router.request("cartpole", 4096, weights_version)      # None: the rate holds samples back
        router.update_priorities("cartpole", drawn.keys, priorities)

    A shard is chosen for each item with probability mass / sum of masses, as they were last heard of, and an
    item within it by the shard: P(item) is the product, exactly, however old the masses are.

    What the rate limiter still lets in is granted to a task's shards, each insert once, so that together they
    cannot overrun it. Nothing here waits.

    A shard that does not answer is `down`: nothing is asked of it, and its part of a draw is asked of the
    others. How it goes on is for the caller to find out. If it answers again, `returned` takes it back with
    all that it holds. If its process is gone, `gone` counts what it held as lost, and `replaced` takes in an
    empty successor. An answer to a question from before the shard went down says nothing of it any more.

    Attributes:
        down: why each shard that is down is.
        lost: items that were on shards whose process is gone, by task.
    """

    def __init__(
        self, clients: Sequence[ShardClient], spreads: Mapping[str, Spread], rng: np.random.Generator
    ) -> None:
        self._clients = list(clients)
        self._tasks = {task: _TaskBook(spread) for task, spread in spreads.items()}
        self._rng = rng
        self._lives = [0] * len(self._clients)
        self._gone: set[int] = set()
        self.down: dict[int, str] = {}
        self.lost: Counter[str] = Counter()

    def request(self, task: str, size: int, weights_version: int) -> Draw | None:
        """Ask for items, or return None while the rate or a lack of items holds them back."""
        book = self._tasks[task]
        book.request_size = max(book.request_size, size)
        self._hear_watches(task)
        if not book.may_sample(size) or not book.mass_of(self._alive(task)).any():
            self._watch(task, self._alive(task), weights_version, book.lacking(size))
            return None
        book.samples += size
        unseen = [shard for shard in self._alive(task) if book.progress[shard].mass == 0.0]
        self._watch(task, unseen, weights_version, lacking=0)

        def heard(part: Part, answer: SampleAnswer | ShardUnavailableError) -> None:
            if part.life != self._lives[part.shard]:
                return
            if isinstance(answer, ShardUnavailableError):
                self._went_down(part.shard, answer)
            else:
                book.progress[part.shard] = answer.progress

        def progress() -> TableProgress:
            return book.progress_of(self._alive(task))

        return Draw(size, lambda count: self._issue(task, count, weights_version), heard, progress, self._rng)

    def update_priorities(self, task: str, keys: NDArray[np.int64], priorities: NDArray[np.float32]) -> None:
        """Send new priorities to the shards of their items; nobody waits for them."""
        shards, keys_there = split_keys(keys)
        for shard in self._tasks[task].spread.shards:
            here = shards == shard
            if here.any() and shard not in self.down:
                self._clients[shard].update_priorities(task, keys_there[here], priorities[here])

    def returned(self, shard: int) -> None:
        """Take a shard that is down back as it is: it was silent, and its process answers again."""
        del self.down[shard]

    def gone(self, shard: int) -> None:
        """Count what a shard that is down held as lost, since its process is gone; again is no change."""
        if shard in self._gone:
            return
        self._gone.add(shard)
        for task, book in self._tasks.items():
            if shard in book.progress:
                self.lost[task] += book.progress[shard].items
                book.lose(shard)

    def replaced(self, shard: int) -> None:
        """Take in an empty successor of a shard that is down."""
        self.gone(shard)
        self._gone.remove(shard)
        del self.down[shard]

    def take_over(self, task: str, restored: int, sampled: int) -> None:
        """Begin with shards that hold something.

        Args:
            task: whose.
            restored: items that came from a snapshot; they count towards those which must be there before
                sampling.
            sampled: items that an earlier learner drew from these shards.
        """
        self._tasks[task].credit(restored)
        self._tasks[task].samples = sampled

    def reaches(self, task: str) -> bool:
        """Return whether any shard of a task is up."""
        return bool(self._alive(task))

    def wait(self, task: str, timeout_seconds: float) -> None:
        """Wait at most so long for news of a task that is held back."""
        watch = next(iter(self._tasks[task].watches.values()), None)
        if watch is not None:
            watch.wait(timeout_seconds)

    def _alive(self, task: str) -> list[int]:
        return [shard for shard in self._tasks[task].spread.shards if shard not in self.down]

    def _issue(self, task: str, size: int, weights_version: int) -> list[Part]:
        book, alive = self._tasks[task], self._alive(task)
        masses = book.mass_of(alive)
        if not masses.any():
            self._hear_watches(task)
            self._watch(task, alive, weights_version, lacking=0)
            return []
        shares = masses / masses.sum()
        counts = self._rng.multinomial(size, shares).tolist()
        parts = []
        by_shard = dict(zip(alive, masses.tolist(), strict=True))
        for shard, count in zip(alive, counts, strict=True):
            if count:
                reply = self._clients[shard].sample(task, count, book.pace(shard, weights_version))
                parts.append(Part(shard, self._lives[shard], count, by_shard[shard], by_shard, reply))
        return parts

    def _watch(self, task: str, shards: Sequence[int], weights_version: int, lacking: int) -> None:
        """Keep one question under way to each shard: are you further by your part of what is lacking?"""
        book = self._tasks[task]
        for shard in shards:
            if shard not in book.watches:
                beyond = book.progress[shard].inserted + max(0, lacking // len(book.progress) - 1)
                pace = book.pace(shard, weights_version)
                book.watches[shard] = self._clients[shard].watch(task, beyond, pace)

    def _hear_watches(self, task: str) -> None:
        book = self._tasks[task]
        for shard, reply in list(book.watches.items()):
            if reply.wait(0.0):
                del book.watches[shard]
                try:
                    book.progress[shard] = reply.result()
                except ShardUnavailableError as error:
                    self._went_down(shard, error)

    def _went_down(self, shard: int, error: ShardUnavailableError) -> None:
        self.down[shard] = str(error)
        self._lives[shard] += 1
        for book in self._tasks.values():
            book.watches.pop(shard, None)


@dataclass
class _TaskBook:
    """What is known of one task: how each shard stands, and how many samples were drawn.

    Attributes:
        samples: items drawn.
        progress: of each shard that has it, as last heard of.
        watches: questions under way.
        granted: up to where each shard was told that it may go.
        request_size: the largest draw that was asked for.
    """

    spread: Spread
    samples: int = 0
    progress: dict[int, TableProgress] = field(default_factory=dict)
    watches: dict[int, Reply[TableProgress]] = field(default_factory=dict)
    granted: dict[int, int] = field(default_factory=dict)
    request_size: int = 0
    _before: int = 0
    _credited: int = 0
    _refill: int = 0

    def __post_init__(self) -> None:
        self.progress = dict.fromkeys(self.spread.shards, _NOTHING)
        self.granted = dict.fromkeys(self.spread.shards, 0)

    def inserts(self) -> int:
        """Inserts that the limiter counts: on the shards there are, on those that went, and on credit."""
        return self._before + sum(progress.inserted for progress in self.progress.values())

    def progress_of(self, shards: Sequence[int]) -> TableProgress:
        """Return how the task stands on some shards together."""
        known = [self.progress[shard] for shard in shards]
        return TableProgress(
            sum(each.inserted for each in known),
            sum(each.items for each in known),
            sum(each.mass for each in known),
        )

    def mass_of(self, shards: Sequence[int]) -> NDArray[np.float64]:
        return np.array([self.progress[shard].mass for shard in shards])

    def may_sample(self, count: int) -> bool:
        return self.spread.limiter.may_sample(self.inserts(), self.samples, count)

    def pace(self, shard: int, weights_version: int) -> Pace:
        """Tell a shard how far it may go: as it was told before, and more of what nobody was granted yet.

        What one of several shards does not use is bounded: an idle one cannot keep the others waiting.
        """
        limiter = self.spread.limiter
        if limiter.samples_per_insert is None:
            return Pace(weights_version, NO_LIMIT)
        granted = sum(self.granted.values())
        left = max(0, limiter.most_inserts(self.samples) + self._refill - self._before - granted)
        if len(self.granted) > 1:
            width = 2 * limiter.error_buffer - self.request_size
            most_unused = min(limiter.error_buffer, width - 2 * limiter.samples_per_insert)
            part = math.floor(most_unused / limiter.samples_per_insert) // len(self.granted)
            left = max(0, min(left, part - self.granted[shard] + self.progress[shard].inserted))
        self.granted[shard] += left
        return Pace(weights_version, self.granted[shard])

    def lacking(self, count: int) -> int:
        """Return how many more inserts there must be until `count` items may be drawn."""
        return self.spread.limiter.least_inserts(self.samples, count) - self.inserts()

    def credit(self, restored: int) -> None:
        credited = min(self._credited + restored, self.spread.limiter.min_size_to_sample)
        self._before += credited - self._credited
        self._credited = credited

    def lose(self, shard: int) -> None:
        """Forget how a shard stood; its inserts and the samples drawn from them have happened.

        What was lost may be gathered anew, a little at least: an empty successor must not wait for samples.
        """
        limiter = self.spread.limiter
        least = limiter.error_buffer / limiter.samples_per_insert if limiter.samples_per_insert else 0.0
        self._refill += max(self.progress[shard].items, math.ceil(least))
        self._before += self.progress[shard].inserted
        self.progress[shard] = _NOTHING
        self.granted[shard] = 0
