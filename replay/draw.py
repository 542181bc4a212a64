"""A draw from several shards: asked for in parts, put together as if one buffer had been drawn from.

Shape letters: B items, W frames of a window.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from replay.client import Reply, ShardUnavailableError
from replay.keys import split_keys as split_keys
from replay.keys import with_shard
from replay.messages import NotReady, SampleAnswer, Sampled


@dataclass(frozen=True)
class Drawn:
    """Transitions of one task, from wherever they lay.

    Attributes:
        windows: (B, W, *frame_shape): see `replay.windows.cut_windows`.
        bootstrap_starts: (B,) int8.
        actions: (B,) int32.
        rewards_n: (B,) float32.
        discounts_n: (B,) float32.
        probabilities: (B,) float64, P(shard | task) P(item | shard): of drawing the item within its task.
        keys: (B,) int64, of item and shard: `split_keys` takes them apart.
        weights_versions: (B,) int32.
        num_items: items of the task over all shards.
    """

    windows: NDArray[Any]
    bootstrap_starts: NDArray[np.int8]
    actions: NDArray[np.int32]
    rewards_n: NDArray[np.float32]
    discounts_n: NDArray[np.float32]
    probabilities: NDArray[np.float64]
    keys: NDArray[np.int64]
    weights_versions: NDArray[np.int32]
    num_items: int


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
        drawn = draw.take()

    Args:
        size: items wanted.
        issue: asks shards for so many items: (size) -> parts; none while no shard has any.
        heard: is told of each answer, or why there is none: (part, answer or error).
        num_items: returns the items over all shards.
        rng: mixes the parts, so that each batch of the result is drawn from all shards alike.
    """

    def __init__(
        self,
        size: int,
        issue: Callable[[int], list[Part]],
        heard: Callable[[Part, SampleAnswer | ShardUnavailableError], None],
        num_items: Callable[[], int],
        rng: np.random.Generator,
    ) -> None:
        self._size = size
        self._issue = issue
        self._heard = heard
        self._num_items = num_items
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

    def take(self) -> Drawn:
        """Return the items; call it once, when `ready`."""
        columns = [self._columns(part) for part in self._parts]
        names = [field.name for field in fields(Drawn) if field.name != "num_items"]
        if len(columns) == 1:
            merged = columns[0]
        else:
            order = self._rng.permutation(self._size)
            merged = {name: _scattered([column[name] for column in columns], order) for name in names}
        return Drawn(**merged, num_items=self._num_items())

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

    def _columns(self, part: Part) -> dict[str, NDArray[Any]]:
        sampled = part.sampled
        if sampled is None:
            raise RuntimeError("a draw was taken before it was ready")
        return {
            "windows": sampled.windows,
            "bootstrap_starts": sampled.bootstrap_starts,
            "actions": sampled.actions,
            "rewards_n": sampled.rewards_n,
            "discounts_n": sampled.discounts_n,
            "probabilities": sampled.probabilities * part.share,
            "keys": with_shard(sampled.keys, part.shard),
            "weights_versions": sampled.weights_versions,
        }


def _scattered(columns: Sequence[NDArray[Any]], order: NDArray[np.int64]) -> NDArray[Any]:
    """Return the columns one behind the other, rows in the places that `order` gives: each copied once."""
    merged = np.empty((len(order), *columns[0].shape[1:]), columns[0].dtype)
    begin = 0
    for column in columns:
        merged[order[begin : begin + len(column)]] = column
        begin += len(column)
    return merged
