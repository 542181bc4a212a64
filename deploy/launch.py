"""Brings a run up, trains, and leaves its results in its directory."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, Literal

import torch

from cluster.errors import TokenMissingError
from cluster.ray.runtime import RayRuntime
from cluster.token import find_token
from config.resolution import ResolvedRun
from deploy.interrupts import Interrupts
from deploy.run_server import RunServer
from learner.checkpoint import Checkpoint
from learner.learner import Learner
from learner.learner_state import restore_learner
from training.assembly import Outlets, assemble
from training.cadence import USUAL, Cadence
from training.directory.best_keeper import BestKeeper
from training.directory.run_directory import REPLAY, RunDirectory, is_begun, refuse_existing
from training.directory.run_logs import RunLogs
from training.evaluation.evaluations import record_all
from training.local.runtime import LocalRuntime
from training.parts.parts import Parts
from training.runtime import Runtime
from training.status.progress import Outcome, Progress
from training.status.reporting import Observer
from training.status.summary import is_summary, summarise

RuntimeName = Literal["ray", "local"]


def start_run(
    run: ResolvedRun,
    path: Path,
    runtime: RuntimeName,
    address: str | None,
    observers: Sequence[Observer],
    cadence: Cadence = USUAL,
    interrupts: Interrupts | None = None,
) -> dict[str, Any]:
    """Train a new run in a new directory and return its summary.

    Signals ask the run to end; after it their handlers are what they were before, unless `interrupts` say
    otherwise.

    Raises:
        ConfigError: the directory exists or is in use, or the metrics' port is in use.
        ClusterError: the cluster does not answer or lacks slots.
        TrainingFailedError: the run could not go on.
    """
    refuse_existing(path)
    with RunDirectory.claim(path) as ownership:
        parts = _parts(run, path, life=0, address=address)

        def create_directory() -> RunDirectory:
            return RunDirectory.create(path, run.config, ownership)

        return _run(parts, None, path, runtime, address, observers, cadence, interrupts, create_directory)


def resume_run(
    run: ResolvedRun,
    path: Path,
    checkpoint: Checkpoint | None,
    runtime: RuntimeName,
    address: str | None,
    observers: Sequence[Observer],
    cadence: Cadence = USUAL,
    interrupts: Interrupts | None = None,
) -> dict[str, Any]:
    """Go on with the run at `path` from a checkpoint of its, or from the beginning, and return its summary.

    Replay comes back from its newest snapshot, where there is one. On a cluster by address, shards and actors
    that the run's last learner left are taken over as they are.

    Raises:
        CheckpointError: the checkpoint is of another network.
        ConfigError, ClusterError, SnapshotError, TrainingFailedError: as for `start_run`.
    """
    with RunDirectory.claim(path) as ownership:
        directory = RunDirectory(path, run.config, ownership)
        if checkpoint is not None:
            # Its last owner may have saved another one since the caller read this one.
            checkpoint, _ = directory.newest_checkpoint()
        life = max(directory.lives(), 0 if checkpoint is None else checkpoint.state["life"] + 1)
        parts = _parts(run, path, life, address)

        def open_directory() -> RunDirectory:
            directory.begin_life(life)
            return directory

        return _run(parts, checkpoint, path, runtime, address, observers, cadence, interrupts, open_directory)


def start_or_resume_run(
    run: ResolvedRun,
    path: Path,
    runtime: RuntimeName,
    address: str | None,
    observers: Sequence[Observer],
    cadence: Cadence = USUAL,
    interrupts: Interrupts | None = None,
) -> dict[str, Any]:
    """Make sure that the run at `path` gets done: start it, go on with it, or return what it came to.

    Raises:
        CheckpointError: there are checkpoints, and none can be used.
        ConfigError, ClusterError, SnapshotError, TrainingFailedError: as for `start_run`.
    """
    if not is_begun(path):
        return start_run(run, path, runtime, address, observers, cadence, interrupts)
    directory = RunDirectory.open(path)
    summary = directory.summary()
    if summary is not None and _is_done(summary, run.config.stop_env_steps):
        return summary
    checkpoint = directory.newest_checkpoint()[0] if directory.has_checkpoints() else None
    return resume_run(run, path, checkpoint, runtime, address, observers, cadence, interrupts)


def _is_done(summary: Mapping[str, Any], stop_env_steps: int) -> bool:
    """Return whether a run came to its end, and not only near it: its last evaluation may have failed.

    A summary that somebody changed beyond use says nothing.
    """
    if not is_summary(summary):
        return False
    used_up = summary["stopped_by"] == "budget" and summary["env_steps"] >= stop_env_steps
    return bool(summary["solved"] or used_up)


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
    cadence: Cadence,
    interrupts: Interrupts | None,
    open_directory: Callable[[], RunDirectory],
) -> dict[str, Any]:
    """Bring everything up, train, and return the summary.

    The order decides what is left where something goes wrong. A checkpoint that does not fit is told before
    a cluster is asked for anything. Signals are heard and statuses are served before the runtime comes up,
    which may wait for slots for long. The directory is opened when all else is up: a run that never began
    leaves none.
    """
    config = parts.config
    torch.set_num_threads(config.learner.threads)
    learner = parts.learner(fresh=checkpoint is None)
    life = parts.run_life
    before = Progress(life=life) if checkpoint is None else _restore(learner, checkpoint, life)
    served: list[Observer] = []
    server: RunServer | None = None
    with ExitStack() as stack:
        heard = stack.enter_context(interrupts or Interrupts())
        if config.metrics.port:
            server = stack.enter_context(RunServer(config.metrics.host, config.metrics.port, _token()))
            served.append(server)
        runtime = stack.enter_context(_runtime(runtime_name, parts, address, path.resolve().name))
        if server is not None:
            server.scale_with(runtime.fleet.scale)
        directory = open_directory()
        best = BestKeeper(directory, parts.network())
        logs = RunLogs(directory.path, before, learner.learner_step)

        def summary_of(outcome: Outcome) -> dict[str, Any]:
            told_by_best = best.compared_with(outcome.evaluation)
            return {**summarise(config, outcome), **told_by_best, "lost_log_records": logs.lost()}

        outlets = Outlets(
            # The server first: an observer that fails ends the run, and programs still read its last status.
            observers=[*served, *logs.observers, *observers],
            checkpoint=directory.save_checkpoint,
            evaluation=record_all(logs.evaluations, best),
            probes=logs.probes,
            outcome=lambda outcome: directory.write_summary(summary_of(outcome)),
            disk=directory.disk,
        )
        training = assemble(parts, runtime, learner, before, outlets, cadence=cadence)
        # Until here a signal ends everything at once, since nothing was learned; now it asks the loop to end.
        heard.ask(training.interrupt)
        outcome = training.run()
    return summary_of(outcome)


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


def _restore(learner: Learner, checkpoint: Checkpoint, life: int) -> Progress:
    restore_learner(learner, checkpoint)
    torch.set_rng_state(checkpoint.tensors["random"]["torch"])
    return Progress.restored(checkpoint.state, life)
