"""A draw from several shards: asked for in parts, put together as if one buffer had been drawn from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from replay.client import Reply
from replay.keys import with_shard
from replay.messages import SampleAnswer, Sampled


@dataclass(eq=False)
class Part:
    """What one shard was asked for.

    Attributes:
        shard: which.
        life: in which of its lives.
        size: items.
        masses: of the shards that it was chosen among, by which it was chosen; those that delivered nothing
            of the draw are taken out, but for the shard itself.
        reply: its answer, on its way.
        sampled: its answer, once it is there.
    """

    shard: int
    life: int
    size: int
    masses: Mapping[int, float]
    reply: Reply[SampleAnswer]
    sampled: Sampled | None = None

    @property
    def share(self) -> float:
        """Probability of having chosen this shard."""
        return self.masses[self.shard] / sum(self.masses.values())


@dataclass(eq=False)
class Draw:
    """Items of a task on their way: `replay.router.ReplayRouter` makes and collects it.

    Attributes:
        task: whose items.
        size: items wanted.
        weights_version: that the learner had published when it asked.
        parts: what shards were asked for, without those that will not deliver.
    """

    task: str
    size: int
    weights_version: int
    parts: list[Part]

    @property
    def missing(self) -> int:
        """Items that no shard is asked for."""
        return self.size - sum(part.size for part in self.parts)

    @property
    def complete(self) -> bool:
        """Whether all items are there."""
        return self.missing == 0 and not any(self.waiting())

    def waiting(self) -> Iterator[Part]:
        """Yield the parts that are not there."""
        return (part for part in self.parts if part.sampled is None)

    def wait(self, timeout_seconds: float) -> None:
        """Wait at most so long for a part that is missing."""
        part = next(self.waiting(), None)
        if part is not None:
            part.reply.wait(timeout_seconds)

    def give_up(self, failed: Part) -> None:
        """Take out a part that will not be delivered: the others count as chosen without that shard."""
        self.parts.remove(failed)
        for part in self.parts:
            if part.shard != failed.shard:
                part.masses = {shard: mass for shard, mass in part.masses.items() if shard != failed.shard}

    def merged(self, rng: np.random.Generator) -> Sampled:
        """Return the items of a complete draw; its progress is that of the first part.

        Args:
            rng: mixes the parts, so that each batch of the result is drawn from all shards alike.
        """
        parts = [_of_all_shards(part) for part in self.parts]
        return parts[0] if len(parts) == 1 else _mixed(parts, rng.permutation(self.size))


def _of_all_shards(part: Part) -> Sampled:
    """Return what a shard delivered, with keys and probabilities that hold beside those of other shards."""
    sampled = part.sampled
    if sampled is None:
        raise RuntimeError("a draw was merged before it was complete")
    return replace(
        sampled,
        probabilities=sampled.probabilities * part.share,
        keys=with_shard(sampled.keys, part.shard),
    )


def _mixed(parts: Sequence[Sampled], order: NDArray[np.int64]) -> Sampled:
    """Return all items, each in the place that `order` gives it."""
    first = parts[0]
    return replace(
        first,
        columns={name: _scattered([part.columns[name] for part in parts], order) for name in first.columns},
        probabilities=_scattered([part.probabilities for part in parts], order),
        keys=_scattered([part.keys for part in parts], order),
    )


def _scattered(columns: Sequence[NDArray[Any]], order: NDArray[np.int64]) -> NDArray[Any]:
    """Return the columns one after the other, rows in the places that `order` gives: each copied once."""
    merged = np.empty((len(order), *columns[0].shape[1:]), columns[0].dtype)
    begin = 0
    for column in columns:
        merged[order[begin : begin + len(column)]] = column
        begin += len(column)
    return merged
