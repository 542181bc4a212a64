"""All shards of a run as one replay, as the learner sees it: who is asked, how far each may go."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from replay.client import ShardClient, ShardUnavailableError
from replay.draw import Draw, Part
from replay.keys import split_keys
from replay.messages import Pace, Sampled
from replay.task_book import Spread, TaskBook


class ReplayRouter:
    """Draws from every shard in proportion to its priority mass, and keeps each task's rate over all of them.

        router = ReplayRouter(clients, {"cartpole": Spread([0, 1], limiter)}, rng)
        draw = router.request("cartpole", 4096, weights_version)      # None: the rate holds samples back
        sampled = router.collect(draw)                                # None: not all of it is there
        router.update_priorities("cartpole", sampled.keys, priorities)

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
        dropped_updates: new priorities that could not be sent, by shard.
    """

    def __init__(
        self, clients: Sequence[ShardClient], spreads: Mapping[str, Spread], rng: np.random.Generator
    ) -> None:
        self._clients = list(clients)
        self._tasks = {task: TaskBook(spread) for task, spread in spreads.items()}
        self._rng = rng
        self._lives = [0] * len(self._clients)
        self._gone: set[int] = set()
        self.down: dict[int, str] = {}
        self.lost: Counter[str] = Counter()
        self.dropped_updates: Counter[int] = Counter()

    def request(self, task: str, size: int, weights_version: int) -> Draw | None:
        """Ask for items, or return None while the rate or a lack of items holds them back."""
        book = self._tasks[task]
        book.request_size = max(book.request_size, size)
        self._hear_watches(task)
        if not book.may_sample(size) or not book.mass_of(self._alive(task)).any():
            self._watch(task, self._alive(task), weights_version, book.lacking(size))
            return None
        book.samples += size
        draw = Draw(task, size, weights_version, parts=[])
        self._ask_for_missing(draw)
        return draw

    def collect(self, draw: Draw) -> Sampled | None:
        """Take in what has arrived of a draw, ask others for what will not arrive; None until all is there.

        The items come as from a shard that holds all of the task: probabilities are of drawing an item within
        its task, P(shard | task) P(item | shard), keys name shards too (`replay.keys.split_keys`), and
        progress is that of all shards that are up. Call it until it returns the items, and not again.
        """
        for part in list(draw.waiting()):
            if part.reply.wait(0.0):
                self._take_in(draw, part)
        if draw.missing:
            self._ask_for_missing(draw)
        if not draw.complete:
            return None
        progress = self._tasks[draw.task].progress_of(self._alive(draw.task))
        return replace(draw.merged(self._rng), progress=progress)

    def update_priorities(self, task: str, keys: NDArray[np.int64], priorities: NDArray[np.float32]) -> None:
        """Send new priorities to the shards of their items; nobody waits for them."""
        shards, keys_there = split_keys(keys)
        for shard in self._tasks[task].spread.shards:
            here = shards == shard
            count = int(here.sum())
            if count and not self._update(shard, task, keys_there[here], priorities[here]):
                self.dropped_updates[shard] += count

    def _update(
        self, shard: int, task: str, keys: NDArray[np.int64], priorities: NDArray[np.float32]
    ) -> bool:
        return shard not in self.down and self._clients[shard].update_priorities(task, keys, priorities)

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

    def _ask_for_missing(self, draw: Draw) -> None:
        """Choose a shard for each missing item of a draw, and ask these; none while all are empty."""
        task, book, alive = draw.task, self._tasks[draw.task], self._alive(draw.task)
        masses = book.mass_of(alive)
        if not masses.any():
            self._hear_watches(task)
            self._watch(task, alive, draw.weights_version, lacking=0)
            return
        counts = self._rng.multinomial(draw.missing, masses / masses.sum()).tolist()
        by_shard = dict(zip(alive, masses.tolist(), strict=True))
        count_of = dict(zip(alive, counts, strict=True))
        for shard in book.by_turn(alive):
            if count := count_of[shard]:
                pace = Pace(draw.weights_version, book.grant(shard))
                reply = self._clients[shard].sample(task, count, pace)
                draw.parts.append(Part(shard, self._lives[shard], count, by_shard, reply))
            else:
                # It has its turn all the same: one with few items is seldom drawn from, and would stay small.
                self._watch(task, [shard], draw.weights_version, lacking=0)

    def _take_in(self, draw: Draw, part: Part) -> None:
        """Keep what a shard delivered, and how it stands, unless that is of an earlier life."""
        is_news = part.life == self._lives[part.shard]
        try:
            answer = part.reply.result()
        except ShardUnavailableError as error:
            draw.give_up(part)
            if is_news:
                self._went_down(part.shard, error)
            return
        if isinstance(answer, Sampled):
            part.sampled = answer
        else:
            draw.give_up(part)
        if is_news:
            self._tasks[draw.task].progress[part.shard] = answer.progress

    def _watch(self, task: str, shards: Sequence[int], weights_version: int, lacking: int) -> None:
        """Keep one question under way to each shard: are you further by your part of what is lacking?"""
        book = self._tasks[task]
        for shard in shards:
            if shard not in book.watches:
                beyond = book.progress[shard].inserted + max(0, lacking // len(book.progress) - 1)
                pace = Pace(weights_version, book.grant(shard))
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
