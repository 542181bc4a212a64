"""Whole runs in this process, over the small configuration."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from actors.actor import ActorReport
from deploy.local_runtime import LocalRuntime
from deploy.parts import Parts
from deploy.progress import Outcome, Progress
from deploy.reporting import Reporter
from deploy.status import RunStatus
from deploy.training import Training
from learner.learner import Learner
from replay.shard import Shard
from tests.support.learning_builders import tiny_parts


class ReportingRuntime(LocalRuntime):
    """The in-process runtime, which keeps what its actors report in the end."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.reports: list[ActorReport] = []

    def stop_actors(self) -> None:
        """Stop them and keep their reports."""
        self.reports = [actor.stop(timeout_seconds=0.0) for actor in self._actors]


@dataclass
class LocalRun:
    """A finished run and what it left behind."""

    parts: Parts
    shard: Shard
    outcome: Outcome
    learner: Learner
    reports: list[ActorReport]
    statuses: list[RunStatus] = field(default_factory=list)
    saved: list[tuple[int, Mapping[str, int]]] = field(default_factory=list)


def train_locally(
    *overrides: str,
    before: Progress | None = None,
    runtime_type: type[ReportingRuntime] = ReportingRuntime,
    interfere: Callable[[Training, RunStatus], None] | None = None,
) -> LocalRun:
    """Train the small pair; `interfere` is called with each status."""
    parts = tiny_parts(*overrides)
    before = before or Progress()
    statuses: list[RunStatus] = []
    saved: list[tuple[int, Mapping[str, int]]] = []

    def observe(status: RunStatus) -> None:
        statuses.append(status)
        if interfere is not None:
            interfere(training, status)

    with runtime_type(parts) as runtime:
        learner = parts.learner()
        training = Training(
            parts.config,
            runtime,
            learner,
            parts.batch_source(runtime.client),
            Reporter(parts.config, before, learner.learner_step, [observe], time.perf_counter),
            lambda at, progress: saved.append((at.learner_step, progress.env_steps)),
            before,
        )
        outcome = training.run()
        return LocalRun(parts, runtime.shard, outcome, learner, runtime.reports, statuses, saved)
