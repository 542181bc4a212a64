"""From a configuration to the parts of replay: shards, and the router that makes them one."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch

from config.batches import supplies
from config.memory import table_plans
from config.rates import rate_limiter
from config.schema import RunConfig
from learner.batch_source import BatchSource
from learner.td import annealed
from replay.client import ShardClient
from replay.cutters.n_step import NStepCutter
from replay.durable import remove_or_warn
from replay.fragment import empty_block
from replay.keys import first_key
from replay.messages import Sampled
from replay.n_step import ReturnSpec
from replay.rate_limiter import NO_LIMIT
from replay.restoring import restore_tables
from replay.router import ReplayRouter
from replay.row import table_shape
from replay.rows import RowRing
from replay.selectors.table import SELECTORS
from replay.shard import Shard
from replay.snapshot import SnapshotWriter, snapshot_directories, snapshot_directory
from replay.table import Table
from replay.task_book import Spread
from tasks.spec import TaskSpec
from training.errors import TrainingFailedError
from training.names import life_number
from training.seeding import child_seed


class ReplayParts:
    """Builds replay for one run.

    Args:
        config: the run's configuration.
        specs: its tasks, in order.
        run_life: which life of the run it is, from 0.
        directory: where shards save themselves, and come back from; None for nowhere.

    Attributes:
        silence_seconds: how long a shard that does not answer is waited for.
    """

    def __init__(
        self, config: RunConfig, specs: Sequence[TaskSpec], run_life: int, directory: Path | None
    ) -> None:
        self.directory = directory
        self.silence_seconds = config.replay.silence_seconds
        self._config = config
        self._specs = list(specs)
        self._run_life = run_life

    @property
    def num_shards(self) -> int:
        """Shards of the run."""
        return self._config.replay.shards

    def capacities(self) -> dict[str, int]:
        """Return how many transitions each task keeps."""
        return {plan.task: plan.transitions for plan in table_plans(self._config, self._specs)}

    def shards_of(self, task: str) -> list[int]:
        """Return the indices of the shards that hold a task."""
        return next(plan.shards for plan in table_plans(self._config, self._specs) if plan.task == task)

    def shard_of_actor(self, task: str, index: int) -> int:
        """Return the shard to which a task's actor keeps."""
        shards = self.shards_of(task)
        return shards[index % len(shards)]

    def shard(self, index: int, life: int = 0) -> Shard:
        """Return a shard with an empty table for each of its tasks; inserts wait until it is told a pace."""
        plans = {plan.task: plan for plan in table_plans(self._config, self._specs)}
        return Shard(
            {
                spec.name: self._table(spec, plans[spec.name].rows, index, life)
                for spec in self._specs
                if index in plans[spec.name].shards
            },
            life_number(self._run_life, life),
        )

    def warm_up(self) -> None:
        """Compile what tables are made of, so that no answer has to wait for it."""
        for spec in self._specs:
            block = empty_block(table_shape(spec), lead=spec.frame_stack - 1)
            table = self._table(spec, rows=2 * block.num_rows, index=0, life=0)
            table.follow(NO_LIMIT)
            table.insert(block, weights_version=0)
            answer = table.sample(1)
            if isinstance(answer, Sampled):
                table.update_priorities(answer.keys, np.ones(1, np.float32))

    def restore(self, shard: Shard, index: int) -> None:
        """Fill a shard from the snapshots that are its part of those there are.

        Raises:
            SnapshotError: one cannot be used.
        """
        for number, directory in self._snapshots().items():
            here = {
                task: table
                for task, table in shard.tables.items()
                if self.shard_of_actor(task, number) == index
            }
            restore_tables(directory, here)

    def snapshot_writer(self, index: int) -> SnapshotWriter | None:
        """Return what saves a shard, or None if nothing is saved."""
        return None if self.directory is None else SnapshotWriter(snapshot_directory(self.directory, index))

    def not_saved(self, error: OSError) -> TrainingFailedError:
        """Return what to raise where the files of a snapshot cannot be written."""
        where = error.filename or self.directory
        return TrainingFailedError(
            f"replay cannot be saved: {where}: {error.strerror}; checkpoint.replay=false does without"
        )

    def remove_old_snapshots(self) -> None:
        """Remove snapshots of shards that this run does not have: old, once all of its own are saved."""
        for number, path in self._snapshots().items():
            if number >= self.num_shards:
                remove_or_warn(path, path.with_name(f".{path.name}.removed"))

    def router(self, clients: Sequence[ShardClient]) -> ReplayRouter:
        """Return the learner's view of all shards."""
        spreads = {
            spec.name: Spread(self.shards_of(spec.name), rate_limiter(self._config, spec))
            for spec in self._specs
        }
        return ReplayRouter(clients, spreads, np.random.default_rng(self._seed("router")))

    def batch_source(self, router: ReplayRouter, device: torch.device) -> BatchSource:
        """Return the learner's source of batches."""
        replay = self._config.replay
        exponent = partial(
            annealed,
            replay.importance_exponent_start,
            replay.importance_exponent_end,
            replay.importance_exponent_steps,
        )
        return BatchSource(router, supplies(self._config, self._specs), exponent, device)

    def returns(self, spec: TaskSpec) -> ReturnSpec:
        """Return how a task's rewards become returns."""
        return ReturnSpec(self._config.replay.n_step, spec.discount, spec.reward_scale, spec.reward_clip)

    def _table(self, spec: TaskSpec, rows: int, index: int, life: int) -> Table:
        replay = self._config.replay
        shape, begin = table_shape(spec), first_key(self._run_life, life)
        return Table(
            shape=shape,
            rows=RowRing(rows, shape, first_key=begin),
            selector=SELECTORS[replay.selector].build(rows, replay.priority_exponent),
            cutter=NStepCutter(self.returns(spec), spec.frame_stack),
            rng=np.random.default_rng(self._seed("table", spec.name, index, life)),
            insert_until=0,
        )

    def _snapshots(self) -> dict[int, Path]:
        return {} if self.directory is None else snapshot_directories(self.directory)

    def _seed(self, *path: str | int) -> int:
        return child_seed(self._config.seed, self._run_life, *path)
