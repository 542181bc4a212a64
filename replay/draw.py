"""A draw from several shards: asked for in parts, put together as if one buffer had been drawn from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from replay.client import Reply, ShardUnavailableError
from replay.keys import with_shard
from replay.messages import NotReady, SampleAnswer, Sampled, TableProgress


@dataclass
class Part:
    """What one shard, in which of its lives, was asked for.

    `size` items, `share` being the probability of choosing that shard.
    """

    shard: int
    life: int
    size: int
    mass: float
    masses: dict[int, float]
    reply: Reply[SampleAnswer]
    sampled: Sampled | None = None

    @property
    def share(self) -> float:
        """Probability of having chosen the shard among those that delivered, and itself."""
        return self.mass / sum({**self.masses, self.shard: self.mass}.values())


class Draw:
    """Items on their way. What a shard does not deliver is asked of the others, until all are there.

    draw = router.request("cartpole", 4096, weights_version)
    if draw.ready():
        sampled = draw.take()

    Args:
        size: items wanted.
        issue: asks shards for so many items: (size) -> parts; none while no shard has any.
        heard: is told of each answer, or why there is none: (part, answer or error).
        progress: returns how the task stands over all shards.
        rng: mixes the parts, so that each batch of the result is drawn from all shards alike.
    """

    def __init__(
        self,
        size: int,
        issue: Callable[[int], list[Part]],
        heard: Callable[[Part, SampleAnswer | ShardUnavailableError], None],
        progress: Callable[[], TableProgress],
        rng: np.random.Generator,
    ) -> None:
        self._size = size
        self._issue = issue
        self._heard = heard
        self._progress = progress
        self._rng = rng
        self._parts = issue(size)

    def ready(self) -> bool:
        """Take in what has arrived, ask again for what will not; return whether all is there."""
        for part in [part for part in self._parts if part.sampled is None]:
            if part.reply.wait(0.0):
                self._take_in(part)
        missing = self._size - sum(part.size for part in self._parts)
        if missing:
            self._parts += self._issue(missing)
        return missing == 0 and all(part.sampled is not None for part in self._parts)

    def wait(self, timeout_seconds: float) -> None:
        """Wait at most so long for a part that is missing."""
        waiting = next((part for part in self._parts if part.sampled is None), None)
        if waiting is not None:
            waiting.reply.wait(timeout_seconds)

    def take(self) -> Sampled:
        """Return the items as a shard that holds all of the task would; call it once, when `ready`.

        Keys name items and shards: `replay.keys.split_keys` takes them apart. Probabilities are of drawing an
        item within its task, P(shard | task) P(item | shard).
        """
        parts = [_of_all_shards(part) for part in self._parts]
        merged = parts[0] if len(parts) == 1 else _mixed(parts, self._rng.permutation(self._size))
        return replace(merged, progress=self._progress())

    def _take_in(self, part: Part) -> None:
        try:
            answer: SampleAnswer | ShardUnavailableError = part.reply.result()
        except ShardUnavailableError as error:
            answer = error
        self._heard(part, answer)
        match answer:
            case Sampled():
                part.sampled = answer
            case NotReady() | ShardUnavailableError():
                self._parts.remove(part)
                for masses in {id(other.masses): other.masses for other in [part, *self._parts]}.values():
                    masses.pop(part.shard, None)


def _of_all_shards(part: Part) -> Sampled:
    """Return what a shard delivered, with keys and probabilities that hold beside those of other shards."""
    sampled = part.sampled
    if sampled is None:
        raise RuntimeError("a draw was taken before it was ready")
    return replace(
        sampled,
        probabilities=sampled.probabilities * part.share,
        keys=with_shard(sampled.keys, part.shard),
    )


def _mixed(parts: Sequence[Sampled], order: NDArray[np.int64]) -> Sampled:
    """Return all items, each in the place that `order` gives it; how tables stand is that of the first."""
    first = parts[0]
    return replace(
        first,
        columns={name: _scattered([part.columns[name] for part in parts], order) for name in first.columns},
        probabilities=_scattered([part.probabilities for part in parts], order),
        keys=_scattered([part.keys for part in parts], order),
    )


def _scattered(columns: Sequence[NDArray[Any]], order: NDArray[np.int64]) -> NDArray[Any]:
    """Return the columns one behind the other, rows in the places that `order` gives: each copied once."""
    merged = np.empty((len(order), *columns[0].shape[1:]), columns[0].dtype)
    begin = 0
    for column in columns:
        merged[order[begin : begin + len(column)]] = column
        begin += len(column)
    return merged
