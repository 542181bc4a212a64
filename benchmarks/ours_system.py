"""Our side of the system rows: `trunkline train` over Ray, for a time, with what it wrote about itself."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from training.errors import TrainingFailedError

WARM_UPDATES = 300
START_SECONDS, SPARE_SECONDS, END_SECONDS = 120.0, 60.0, 60.0
NEVER = 1_000_000_000
SETTINGS = (
    "tasks.mountaincar=null",
    "tasks.cartpole.solved_at=null",
    f"stop_env_steps={NEVER}",
    "network.encoder_width=256",
    "network.trunk=[256]",
    "replay.selector=proportional",
    "replay.n_step=1",
    "replay.samples_per_insert=64",
    "learner.batch_size=512",
    f"evaluation.period={NEVER}",
    f"checkpoint.period={NEVER}",
    "checkpoint.replay=false",
    "metrics.port=0",
)
"""CartPole as the peers learn it: two layers of 256, batches of 512, each transition drawn 64 times, which is
an update every 8 env steps; and nothing that would interrupt it."""

Status = dict[str, Any]


class WholeRuns:
    """Training runs with so many learner threads, one for each time that is asked for.

    Attributes:
        update_shares: of each run, the learner's share of time that went into updates.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self.update_shares: list[float] = []

    def updates_per_second(self, seconds: float) -> float:
        """Train until it is warm and for so many seconds more; return the rate over those."""
        arguments = [*SETTINGS, f"learner.threads={self._threads}"]
        with tempfile.TemporaryDirectory() as folder, training(Path(folder), arguments) as status_when:
            first = status_when(lambda status: status["learner_step"] >= WARM_UPDATES, START_SECONDS)
            until = first["train_seconds"] + seconds
            last = status_when(lambda status: status["train_seconds"] >= until, seconds + SPARE_SECONDS)
        self.update_shares.append(_update_share(first, last))
        passed = last["train_seconds"] - first["train_seconds"]
        return float((last["learner_step"] - first["learner_step"]) / passed)


@contextmanager
def training(
    folder: Path, arguments: Sequence[str]
) -> Iterator[Callable[[Callable[[Status], bool], float], Status]]:
    """Train in a process of its own and interrupt it in the end.

    Args:
        folder: where the run and what it says go.
        arguments: of `trunkline train`: overrides, or a file before them.

    Yields:
        A function that waits, so many seconds at most, for the first status that is as asked for.
    """
    trunkline = str(Path(sys.executable).with_name("trunkline"))
    command = [trunkline, "train", *arguments, "--run-dir", str(folder / "run"), "--json"]
    with (folder / "output.txt").open("w", encoding="utf-8") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)

    def status_when(wanted: Callable[[Status], bool], timeout_seconds: float) -> Status:
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline and process.poll() is None:
            for status in _statuses(folder / "run" / "metrics.jsonl"):
                if wanted(status):
                    return status
            time.sleep(0.1)
        said = (folder / "output.txt").read_text(encoding="utf-8").strip().splitlines()
        raise TrainingFailedError(
            f"the training run that is measured came to nothing: {said[-1] if said else ''}"
        )

    try:
        yield status_when
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _statuses(path: Path) -> list[Status]:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def _update_share(first: Status, last: Status) -> float:
    spent = {
        name: last["phase_seconds"][name] - first["phase_seconds"][name] for name in last["phase_seconds"]
    }
    return float(spent["update"] / sum(spent.values()))
