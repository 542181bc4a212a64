"""How each task's replay stands."""

from collections.abc import Mapping
from dataclasses import dataclass

from config.sections.replay import ReplayConfig
from replay.messages import TableStats
from replay.router import ReplayRouter
from training.shard_supervision import ShardKeeper, ShardStatus
from training.status.replay_counters import ReplayMonitor


@dataclass(frozen=True)
class TaskReplay:
    """One task's replay at one moment.

    Attributes:
        table: its counters, over all shards.
        replay_capacity: transitions that it keeps at most.
        lost: transitions that were on shards when they died.
        samples_per_insert: measured ratio, beyond the items that fill the table before sampling; None until
            there are any.
        samples_per_insert_target: the ratio that is kept; None without a limit.
        acting_staleness: weights versions published since the one that acted in the last block put in; None
            before the first.
    """

    table: TableStats
    replay_capacity: int
    lost: int
    samples_per_insert: float | None
    samples_per_insert_target: float | None
    acting_staleness: int | None


class ReplayReader:
    """Reads what the shards have told, the router has seen, and the keeper has done.

    reader = ReplayReader(config.replay, capacities, monitor, router, keeper)
    reader.tasks(weights_version=32)["cartpole"].samples_per_insert
    """

    def __init__(
        self,
        config: ReplayConfig,
        capacities: Mapping[str, int],
        monitor: ReplayMonitor,
        router: ReplayRouter,
        keeper: ShardKeeper,
    ) -> None:
        self._config = config
        self._capacities = capacities
        self._monitor = monitor
        self._router = router
        self._keeper = keeper

    @property
    def complete(self) -> bool:
        """Whether every shard has told something."""
        return self._monitor.complete

    def shards(self) -> list[ShardStatus]:
        """Return how every shard that has told something stands."""
        return self._keeper.statuses(self._monitor.shards())

    def refused_blocks(self) -> int:
        """Return the messages that any shard refused."""
        return self._monitor.refused_blocks()

    def tasks(self, weights_version: int) -> dict[str, TaskReplay]:
        """Return how every task that a shard has told of stands, where this is the newest version."""
        return {
            task: TaskReplay(
                table=table,
                replay_capacity=self._capacities[task],
                lost=self._router.lost.get(task, 0),
                samples_per_insert=self._measured(table),
                samples_per_insert_target=self._config.samples_per_insert,
                acting_staleness=None
                if table.acting_version is None
                else weights_version - table.acting_version,
            )
            for task, table in self._monitor.tables().items()
        }

    def _measured(self, table: TableStats) -> float | None:
        owed = table.inserted - max(0, self._config.min_size_to_sample - table.restored)
        return table.sampled / owed if owed > 0 else None
