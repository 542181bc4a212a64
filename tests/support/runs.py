"""Small configurations and the ways to run them, for tests that need a whole run."""

import contextlib
import copy
import io
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

from cli.main import main
from cluster.ray.runtime import RayRuntime
from config.loading import parse_config
from config.resolution import ResolvedRun, resolve
from tests.support.shard_books import problems_of
from training.assembly import Outlets, assemble
from training.cadence import USUAL, Cadence
from training.parts.parts import Parts
from training.status.accounting import TaskAccount
from training.status.progress import Outcome, Progress
from training.status.records import RunStatus

TINY: dict[str, Any] = {
    "stop_env_steps": 3000,
    "tasks": {
        "chain": {"env": "trunkline/Chain-v0", "envs_per_actor": 4},
        "identity": {"env": "trunkline/Identity-v0", "envs_per_actor": 4},
    },
    "network": {"encoder_width": 32, "trunk": [32]},
    "replay": {"capacity": 5000, "min_size_to_sample": 200, "n_step": 3, "samples_per_insert": 8.0},
    "actors": {"fragment_length": 8, "exploration_max_duration": 4},
    "learner": {"batch_size": 64, "prefetch_batches": 4, "publish_period": 10, "target_period": 50},
    "evaluation": {"period": 100, "episodes": 20},
    "checkpoint": {"period": 200},
    "metrics": {"port": 0},
}


def tiny_overrides(**fields: Any) -> list[str]:
    """Return `TINY` as overrides of the shipped pair, with fields (dots written as __) on top."""
    overrides = ["tasks.cartpole=null", "tasks.mountaincar=null"]
    for section, value in TINY.items():
        entries = value.items() if isinstance(value, dict) else [(None, value)]
        overrides += [f"{section}.{key}={entry}" if key else f"{section}={entry}" for key, entry in entries]
    return overrides + [f"{name.replace('__', '.')}={value}" for name, value in fields.items()]


def tiny_run(*overrides: str) -> ResolvedRun:
    """Return the tiny configuration, resolved."""
    return resolve(parse_config(copy.deepcopy(TINY), overrides))


@dataclass(frozen=True)
class FinishedRun:
    """What a training over a runtime left: its outcome, every status, the runtime as it was at the end.

    `seconds` has the moment of each status.
    """

    outcome: Outcome
    statuses: list[RunStatus]
    seconds: list[float]
    runtime: RayRuntime

    @property
    def accounts(self) -> Mapping[str, TaskAccount]:
        """Where each task's transitions went."""
        assert self.outcome.accounts is not None
        return self.outcome.accounts

    def longest_pause(self) -> float:
        """Return the longest time without an update after the first one, as statuses show it."""
        moments = [
            now
            for now, before, status in zip(
                self.seconds[1:], self.statuses[:-1], self.statuses[1:], strict=True
            )
            if status.learner_step > before.learner_step
        ]
        return max(later - earlier for earlier, later in pairwise(moments))


def train_over_ray(
    *overrides: str,
    interfere: Callable[[RunStatus], None] | None = None,
    until: Callable[[RunStatus], bool] = lambda _: False,
    cadence: Cadence = USUAL,
) -> FinishedRun:
    """Train the tiny pair over a Ray cluster of its own.

    `interfere` is called with each status, and the run is interrupted at the first one of which `until` says
    so.
    """
    run = tiny_run(*overrides)
    parts = Parts(run.config.on_one_machine(), run.specs)
    torch.set_num_threads(run.config.learner.threads)
    statuses: list[RunStatus] = []
    seconds: list[float] = []

    def observe(status: RunStatus) -> None:
        statuses.append(status)
        seconds.append(time.monotonic())
        if interfere is not None:
            interfere(status)
        if until(status):
            training.interrupt()

    with RayRuntime(parts, None) as runtime:
        training = assemble(
            parts, runtime, parts.learner(), Progress(), Outlets(observers=[observe]), cadence=cadence
        )
        outcome = training.run()
        assert problems_of(runtime.shards) == []
    finished = FinishedRun(outcome, statuses, seconds, runtime)
    assert {account.problem for account in finished.accounts.values()} == {None}
    return finished


def run_command(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> tuple[int, str, str]:
    """Run `trunkline` in this process; return its exit code, standard output and standard error."""
    monkeypatch.setattr(sys, "argv", ["trunkline", *map(str, arguments)])
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0), out.getvalue(), err.getvalue()


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until something holds, or fail with what it was."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds} s: {what}")
        time.sleep(0.01)
