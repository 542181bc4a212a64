"""Brings a run up, trains, and leaves its results in its directory."""

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Literal

import torch

from deploy.config.resolution import ResolvedRun
from deploy.exporter import MetricsExporter
from deploy.local_runtime import LocalRuntime
from deploy.parts import Parts
from deploy.probing import ProbesLog, Probing
from deploy.progress import Progress
from deploy.ray.runtime import RayRuntime
from deploy.reporting import Observer, Reporter
from deploy.run_directory import (
    REPLAY,
    EvaluationLog,
    MetricsLog,
    RunDirectory,
    TensorboardLog,
    refuse_existing,
)
from deploy.runtime import Runtime
from deploy.summary import summarise
from deploy.training import Training
from learner.checkpoint import Checkpoint
from learner.learner import Learner
from learner.learner_state import restore_learner

RuntimeName = Literal["ray", "local"]


def start_run(
    run: ResolvedRun, path: Path, runtime: RuntimeName, address: str | None, observers: Sequence[Observer]
) -> dict[str, Any]:
    """Train a new run in a new directory and return its summary.

    Raises:
        ConfigError: the directory exists, or the metrics' port is in use.
        ClusterError: the cluster does not answer or lacks slots.
        TrainingFailedError: the run could not go on.
    """
    refuse_existing(path)
    parts = Parts(run.config, run.specs, replay_directory=path.resolve() / REPLAY)
    return _run(parts, None, runtime, address, observers, lambda: RunDirectory.create(path, run.config))


def resume_run(
    run: ResolvedRun,
    path: Path,
    checkpoint: Checkpoint,
    runtime: RuntimeName,
    address: str | None,
    observers: Sequence[Observer],
) -> dict[str, Any]:
    """Go on with the run at `path` from a checkpoint of its, and return its summary.

    Replay comes back from its newest snapshot, where there is one.

    Raises:
        CheckpointError: the checkpoint is of another network.
        ConfigError, ClusterError, SnapshotError, TrainingFailedError: as for `start_run`.
    """
    parts = Parts(
        run.config, run.specs, checkpoint.state["life"] + 1, replay_directory=path.resolve() / REPLAY
    )

    def open_directory() -> RunDirectory:
        directory = RunDirectory(path, run.config)
        directory.write_config()
        return directory

    return _run(parts, checkpoint, runtime, address, observers, open_directory)


def _run(
    parts: Parts,
    checkpoint: Checkpoint | None,
    runtime_name: RuntimeName,
    address: str | None,
    observers: Sequence[Observer],
    open_directory: Callable[[], RunDirectory],
) -> dict[str, Any]:
    """Bring everything up, train, and write the summary; the directory is opened once all else is up."""
    config = parts.config
    torch.set_num_threads(config.learner.threads)
    learner = parts.learner()
    before = Progress() if checkpoint is None else _restore(learner, checkpoint, parts.life)
    everyone: list[Observer] = []
    with ExitStack() as stack:
        if config.metrics.port:
            everyone.append(stack.enter_context(MetricsExporter(config.metrics.host, config.metrics.port)))
        runtime = stack.enter_context(_runtime(runtime_name, parts, address))
        directory = open_directory()
        for log in (MetricsLog(directory.path), TensorboardLog(directory.path)):
            stack.callback(log.close)
            everyone.append(log)
        evaluations = EvaluationLog(directory.path)
        stack.callback(evaluations.close)
        everyone += observers
        reporter = Reporter(
            config, parts.replay.capacities(), before, learner.learner_step, everyone, time.perf_counter
        )
        router = parts.replay.router(runtime.clients)
        source = parts.replay.batch_source(router, parts.device())
        training = Training(
            config,
            runtime,
            learner,
            router,
            source,
            reporter,
            directory.save_checkpoint,
            evaluations,
            before,
            _probing(config.probes.period, directory.path, stack),
        )
        with _graceful_interrupts(training.interrupt):
            outcome = training.run()
    summary = summarise(config, outcome)
    directory.write_summary(summary)
    return summary


def _runtime(name: RuntimeName, parts: Parts, address: str | None) -> AbstractContextManager[Runtime]:
    return LocalRuntime(parts) if name == "local" else RayRuntime(parts, address)


def _probing(period: int | None, path: Path, stack: ExitStack) -> Probing | None:
    if period is None:
        return None
    log = ProbesLog(path)
    stack.callback(log.close)
    return Probing(period, log)


def _restore(learner: Learner, checkpoint: Checkpoint, life: int) -> Progress:
    restore_learner(learner, checkpoint)
    torch.set_rng_state(checkpoint.tensors["random"]["torch"])
    return Progress(checkpoint.state["env_steps"], checkpoint.state["train_seconds"], life)


@contextmanager
def _graceful_interrupts(interrupt: Callable[[], None]) -> Iterator[None]:
    """Let the first Ctrl-C (or SIGTERM) end the training loop, and the second end everything at once."""

    def on_signal(_: int, __: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        interrupt()

    previous = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
