"""Whole runs in this process, over the small configuration."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch

from actors.actor import ActorReport
from learner.learner import Learner
from replay.messages import TableStats
from replay.shard import Shard
from tests.support.learning_builders import tiny_parts
from training.assembly import Outlets, assemble
from training.cadence import USUAL, Cadence
from training.local.runtime import LocalRuntime
from training.loop import Training
from training.parts.parts import Parts
from training.status.accounting import TaskAccount
from training.status.progress import Outcome, Progress
from training.status.records import RunStatus
from training.status.replay_counters import merged

Interfere = Callable[[Training, LocalRuntime, RunStatus], None]
"""Does something to a run at one of its statuses."""


@dataclass
class LocalRun:
    """A finished run and what it left behind."""

    parts: Parts
    shards: list[Shard]
    outcome: Outcome
    learner: Learner
    reports: list[ActorReport]
    statuses: list[RunStatus] = field(default_factory=list)
    saved: list[tuple[int, Mapping[str, int]]] = field(default_factory=list)

    @property
    def tables(self) -> dict[str, TableStats]:
        """Counters of each task over all shards."""
        stats = [shard.stats().tables for shard in self.shards]
        return {
            task: merged(tables[task] for tables in stats if task in tables)
            for task in self.parts.config.tasks
        }

    @property
    def accounts(self) -> Mapping[str, TaskAccount]:
        """Where each task's transitions went."""
        assert self.outcome.accounts is not None
        return self.outcome.accounts

    def problems(self) -> list[str]:
        """What is wrong with any shard or any account."""
        of_shards = [shard.problem() for shard in self.shards]
        of_accounts = [account.problem for account in self.accounts.values()]
        return [problem for problem in (*of_shards, *of_accounts) if problem is not None]


def train_locally(
    *overrides: str,
    before: Progress | None = None,
    runtime_type: Callable[[Parts], LocalRuntime] = LocalRuntime,
    interfere: Interfere | None = None,
    parts: Parts | None = None,
    clock: Callable[[], float] = time.perf_counter,
    cadence: Cadence = USUAL,
) -> LocalRun:
    """Train the small pair, or what `parts` builds; `interfere` is called at each status."""
    parts = parts or tiny_parts(*overrides)
    torch.set_num_threads(parts.config.learner.threads)
    before = before or Progress()
    statuses: list[RunStatus] = []
    saved: list[tuple[int, Mapping[str, int]]] = []

    def observe(status: RunStatus) -> None:
        statuses.append(status)
        if interfere is not None:
            interfere(training, runtime, status)

    with runtime_type(parts) as runtime:
        learner = parts.learner()
        outlets = Outlets(
            observers=[observe],
            checkpoint=lambda at, progress: saved.append((at.learner_step, progress.env_steps)),
        )
        training = assemble(parts, runtime, learner, before, outlets, clock, cadence)
        outcome = training.run()
        return LocalRun(parts, runtime.shards.all, outcome, learner, runtime.actors.reports, statuses, saved)
