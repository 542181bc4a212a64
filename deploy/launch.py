"""Brings a run up, trains, and leaves its results in its directory."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Literal

import torch

from deploy.cluster_api import TokenMissingError, find_token
from deploy.config.resolution import ResolvedRun
from deploy.local_runtime import LocalRuntime
from deploy.parts import Parts
from deploy.probing import ProbesLog, Probing
from deploy.progress import Progress
from deploy.ray.runtime import RayRuntime
from deploy.replay_monitor import CountedSteps
from deploy.reporting import Observer, Reporter
from deploy.run_directory import REPLAY, RunDirectory, refuse_existing
from deploy.run_logs import EvaluationLog, MetricsLog, TensorboardLog
from deploy.run_server import RunServer
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
    parts = _parts(run, path, life=0, address=address)
    return _run(parts, None, path, runtime, address, observers, lambda: RunDirectory.create(path, run.config))


def resume_run(
    run: ResolvedRun,
    path: Path,
    checkpoint: Checkpoint | None,
    runtime: RuntimeName,
    address: str | None,
    observers: Sequence[Observer],
) -> dict[str, Any]:
    """Go on with the run at `path` from a checkpoint of its, or from the beginning, and return its summary.

    Replay comes back from its newest snapshot, where there is one. On a cluster by address, shards and actors
    that the run's last learner left behind are taken over as they are.

    Raises:
        CheckpointError: the checkpoint is of another network.
        ConfigError, ClusterError, SnapshotError, TrainingFailedError: as for `start_run`.
    """
    directory = RunDirectory(path, run.config)
    life = max(directory.lives(), 0 if checkpoint is None else checkpoint.state["life"] + 1)
    parts = _parts(run, path, life, address)

    def open_directory() -> RunDirectory:
        directory.write_config()
        directory.count_life(life)
        return directory

    return _run(parts, checkpoint, path, runtime, address, observers, open_directory)


def start_or_resume_run(
    run: ResolvedRun, path: Path, runtime: RuntimeName, address: str | None, observers: Sequence[Observer]
) -> dict[str, Any]:
    """Make sure that the run at `path` gets done: start it, go on with it, or return what it came to.

    Raises:
        CheckpointError: there are checkpoints, and none can be used.
        ConfigError, ClusterError, SnapshotError, TrainingFailedError: as for `start_run`.
    """
    if not os.path.exists(path):  # which says no to a path that cannot be
        return start_run(run, path, runtime, address, observers)
    directory = RunDirectory.open(path)
    summary = directory.summary()
    if summary is not None and (summary["solved"] or summary["env_steps"] >= run.config.stop_env_steps):
        return summary
    checkpoint = directory.newest_checkpoint()[0] if directory.has_checkpoints() else None
    return resume_run(run, path, checkpoint, runtime, address, observers)


def _parts(run: ResolvedRun, path: Path, life: int, address: str | None) -> Parts:
    config = run.config.on_one_machine() if address is None else run.config
    return Parts(config, run.specs, life, replay_directory=path.resolve() / REPLAY)


def _run(
    parts: Parts,
    checkpoint: Checkpoint | None,
    path: Path,
    runtime_name: RuntimeName,
    address: str | None,
    observers: Sequence[Observer],
    open_directory: Callable[[], RunDirectory],
) -> dict[str, Any]:
    """Bring everything up, train, and write the summary; the directory is opened once all else is up."""
    config = parts.config
    torch.set_num_threads(config.learner.threads)
    learner = parts.learner(fresh=checkpoint is None)
    before = Progress(life=parts.life) if checkpoint is None else _restore(learner, checkpoint, parts.life)
    everyone: list[Observer] = []
    server: RunServer | None = None
    with ExitStack() as stack:
        if config.metrics.port:
            server = stack.enter_context(RunServer(config.metrics.host, config.metrics.port, _token()))
            everyone.append(server)
        runtime = stack.enter_context(_runtime(runtime_name, parts, address, path.resolve().name))
        if server is not None:
            server.scale_with(runtime.scale)
        directory = open_directory()
        for log in (MetricsLog(directory.path), TensorboardLog(directory.path)):
            stack.callback(log.close)
            everyone.append(log)
        evaluations = EvaluationLog(directory.path)
        stack.callback(evaluations.close)
        everyone += observers
        reporter = Reporter(
            config,
            parts.replay.capacities(),
            before,
            learner.learner_step,
            everyone,
            time.perf_counter,
            directory.disk,
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


def _runtime(
    name: RuntimeName, parts: Parts, address: str | None, run: str
) -> AbstractContextManager[Runtime]:
    return LocalRuntime(parts) if name == "local" else RayRuntime(parts, address, run)


def _token() -> str | None:
    """Return the cluster's token; a run without one cannot be told anything."""
    try:
        return find_token().text
    except TokenMissingError:
        return None


def _probing(period: int | None, path: Path, stack: ExitStack) -> Probing | None:
    if period is None:
        return None
    log = ProbesLog(path)
    stack.callback(log.close)
    return Probing(period, log)


def _restore(learner: Learner, checkpoint: Checkpoint, life: int) -> Progress:
    restore_learner(learner, checkpoint)
    torch.set_rng_state(checkpoint.tensors["random"]["torch"])
    state = checkpoint.state
    return Progress(
        env_steps=state["env_steps"],
        train_seconds=state["train_seconds"],
        life=life,
        weights_version=state.get("weights_version", -1),
        counted=[CountedSteps(**steps) for steps in state.get("counted", ())],
    )


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
