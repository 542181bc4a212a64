"""Watches replay's counters: how much has arrived, and since when."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

from replay.client import Reply, ShardClient, ShardUnavailableError
from replay.messages import RECENT_EPISODES, ShardStats, TableStats


@dataclass(frozen=True)
class CountedSteps:
    """Env steps by task that one life of a shard had taken in at some time."""

    shard: int
    life: int
    env_steps: Mapping[str, int]

    def state(self) -> dict[str, Any]:
        """Return it as plain values. The life has another name there: checkpoints that exist call it so."""
        return {"shard": self.shard, "incarnation": self.life, "env_steps": dict(self.env_steps)}

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> "CountedSteps":
        """Return what `state` gave."""
        return cls(state["shard"], state["incarnation"], state["env_steps"])


class ReplayMonitor:
    """The newest counters of all shards, asked for without waiting.

    Counters of a shard that was replaced stay in the sums; what it held does not.

    Args:
        clients: the way to each shard.
        clock: seconds.
        counted: env steps of shards that an earlier learner left, as it counted them: not to count again.
    """

    def __init__(
        self,
        clients: Sequence[ShardClient],
        clock: Callable[[], float],
        counted: Collection[CountedSteps] = (),
    ) -> None:
        self._counted = {(steps.shard, steps.life): steps.env_steps for steps in counted}
        self._clients = list(clients)
        self._clock = clock
        self._replies: dict[int, Reply[ShardStats]] = {}
        self._newest: dict[int, ShardStats] = {}
        self._lives: dict[tuple[int, int], ShardStats] = {}
        self._answers: Counter[int] = Counter()
        self._env_steps: Counter[str] = Counter()
        self._first_arrival: float | None = None

    def refresh(self) -> None:
        """Take in answers that are there; keep one question to each shard under way."""
        before = self.env_steps()
        for index, client in enumerate(self._clients):
            if index not in self._replies:
                self._replies[index] = client.stats()
            if self._replies[index].wait(0.0):
                self._take_in(index, self._replies.pop(index))
        if self._first_arrival is None and self.env_steps() > before:
            self._first_arrival = self._clock()

    def settle(self, timeout_seconds: float) -> bool:
        """Wait at most so long for counters that are newer than this call; return whether all came."""
        wanted = {
            index: self._answers[index] + 1 + (index in self._replies) for index in range(len(self._clients))
        }
        for _ in range(2):
            self.refresh()
            deadline = self._clock() + timeout_seconds
            for reply in list(self._replies.values()):
                reply.wait(max(0.0, deadline - self._clock()))
            self.refresh()
        return all(self._answers[index] >= count for index, count in wanted.items())

    @property
    def complete(self) -> bool:
        """Whether every shard has answered at least once."""
        return len(self._newest) == len(self._clients)

    def shards(self) -> dict[int, ShardStats]:
        """Return the newest counters of each shard that has answered."""
        return dict(self._newest)

    def tables(self) -> dict[str, TableStats]:
        """Return the counters of each task over all shards."""
        everything = [
            stats if stats is self._newest[index] else _only_counters(stats)
            for (index, _), stats in self._lives.items()
        ]
        tasks = dict.fromkeys(task for stats in everything for task in stats.tables)
        return {
            task: merged(stats.tables[task] for stats in everything if task in stats.tables) for task in tasks
        }

    def refused_blocks(self) -> int:
        """Return the messages that any shard refused."""
        return sum(stats.refused_blocks for stats in self._lives.values())

    def items_by_life(self) -> Counter[tuple[str, int]]:
        """Return the transitions that each life of an actor brought, to any shard."""
        total: Counter[tuple[str, int]] = Counter()
        for stats in self._lives.values():
            total.update(stats.items_by_life)
        return total

    def env_steps(self, task: str | None = None) -> int:
        """Return the env steps that have arrived in this life of the run, of one task or of all."""
        return self._env_steps.total() if task is None else self._env_steps[task]

    def counted(self) -> list[CountedSteps]:
        """Return what the shards that are there now have taken in, for a later life of the run."""
        return [
            CountedSteps(index, stats.life, {task: table.inserted for task, table in stats.tables.items()})
            for index, stats in self._newest.items()
        ]

    def weights_version(self) -> int:
        """Return the newest weights version that any shard has heard of."""
        return max((stats.weights_version for stats in self._newest.values()), default=0)

    def seconds_since_first(self) -> float:
        """Return the seconds since the first env step arrived; 0 before it."""
        return self._clock() - self._first_arrival if self._first_arrival is not None else 0.0

    def _take_in(self, index: int, reply: Reply[ShardStats]) -> None:
        try:
            stats = reply.result()
        except ShardUnavailableError:
            return
        self._answers[index] += 1
        self._lives[index, stats.life] = stats
        self._newest[index] = stats
        # Asked for after every update, and changed by nothing but a new answer.
        self._env_steps = Counter()
        for shard_and_life, known in self._lives.items():
            for task, table in known.tables.items():
                self._env_steps[task] += table.inserted - self._counted.get(shard_and_life, {}).get(task, 0)


def merged(tables: Iterable[TableStats]) -> TableStats:
    """Return the counters of one task over several tables."""
    parts = list(tables)
    dropped: Counter[str] = Counter()
    for part in parts:
        dropped.update(part.dropped)
    sums = {
        name: sum(getattr(part, name) for part in parts)
        for name in TableStats.__dataclass_fields__
        if name not in ("dropped", "recent_return", "recent_length", "acting_version")
    }
    return TableStats(
        **sums,
        dropped=dict(dropped),
        recent_return=_recent_mean((part.recent_return, part.episodes) for part in parts),
        recent_length=_recent_mean((part.recent_length, part.episodes) for part in parts),
        acting_version=max((p.acting_version for p in parts if p.acting_version is not None), default=None),
    )


def _recent_mean(tables: Iterable[tuple[float | None, int]]) -> float | None:
    """Return the mean over the recent episodes of all tables, from each one's mean and its episodes."""
    known = [(mean, min(episodes, RECENT_EPISODES)) for mean, episodes in tables if mean is not None]
    return fmean([mean for mean, _ in known], [count for _, count in known]) if known else None


def _only_counters(stats: ShardStats) -> ShardStats:
    tables = {
        task: replace(table, items=0, mass=0.0, recent_return=None, recent_length=None, acting_version=None)
        for task, table in stats.tables.items()
    }
    return replace(stats, tables=tables, memory_bytes=0)
