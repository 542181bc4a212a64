"""Peers in processes of their own, run by `peers/worker.py` in an interpreter that has them."""

import contextlib
import importlib.util
import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO

FOLDER = Path(__file__).parent
WORKER = FOLDER / "peers" / "worker.py"
REQUIREMENTS = {"common": "requirements.txt", "reverb": "requirements-reverb.txt"}
"""What the interpreter in `.peers/<environment>` has installed."""
READY_SECONDS, ANSWER_SECONDS, END_SECONDS = 180.0, 60.0, 10.0


@dataclass(frozen=True)
class PeerProgram:
    """A script under `peers/` and what it needs.

    Attributes:
        label: what rows call it, without the version.
        distribution: what pip calls it.
        module: an import that the interpreter has if it can run the script.
        script: the script.
        environment: a key of `REQUIREMENTS`.
    """

    label: str
    distribution: str
    module: str
    script: Path
    environment: str = "common"


CPPRB = PeerProgram("cpprb", "cpprb", "cpprb", FOLDER / "peers" / "cpprb_replay.py")
REVERB = PeerProgram(
    "dm-reverb", "dm-reverb", "reverb", FOLDER / "peers" / "reverb_replay.py", environment="reverb"
)
SB3 = PeerProgram(
    "Stable-Baselines3", "stable-baselines3", "stable_baselines3", FOLDER / "peers" / "sb3_dqn.py"
)
RLLIB = PeerProgram("RLlib", "ray", "ormsgpack", FOLDER / "peers" / "rllib_dqn.py")
"""Its module is one of those that `ray[rllib]` adds to `ray`."""
BARE_ROLLOUT = PeerProgram(
    "bare loop, Gymnasium", "gymnasium", "gymnasium", FOLDER / "peers" / "bare_rollout.py"
)


class PeerProcess:
    """A peer at work while the block lasts; without an interpreter that has it, it only says so.

    with PeerProcess(CPPRB, "sample", 100_000, "float32", 4) as peer:
        peer.name, peer.problem         # "cpprb 11.0.0", None
        peer.measure(1.0)               # batches a second, or None if there is a problem
    """

    def __init__(
        self, program: PeerProgram, *arguments: object, ready_seconds: float = READY_SECONDS
    ) -> None:
        self.name = f"{program.label} {_pinned_version(program)}"
        self.problem: str | None = None
        self._program = program
        self._arguments = [str(argument) for argument in arguments]
        self._ready_seconds = ready_seconds
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._cleanup = contextlib.ExitStack()

    def __enter__(self) -> "PeerProcess":
        interpreter = _interpreter(self._program)
        if interpreter is None:
            self.problem = (
                f"{self.name} is not installed, so its rows have no figure of it: run `make bench-peers`, or "
                f"install benchmarks/{REQUIREMENTS[self._program.environment]} with pip (Python 3.11)"
            )
            return self
        self._start(interpreter)
        line = self._answer(self._ready_seconds, "was not ready")
        if line is not None:
            self.name = f"{self._program.label} {line.removeprefix('ready ')}"
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def measure(self, seconds: float) -> float | None:
        """Return the units a second that it does over so many seconds, or None if there is a problem."""
        if self.problem is not None:
            return None
        with contextlib.suppress(BrokenPipeError):
            print(seconds, file=self._questions, flush=True)
        line = self._answer(seconds + ANSWER_SECONDS, "did not answer")
        return None if line is None else float(line)

    def _start(self, interpreter: str) -> None:
        folder = Path(self._cleanup.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        self._errors = folder / "stderr.txt"
        with self._errors.open("w", encoding="utf-8") as errors:
            process = subprocess.Popen(
                [interpreter, WORKER, self._program.script, self._program.distribution, *self._arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=folder,
                start_new_session=True,
            )
        assert process.stdin is not None
        assert process.stdout is not None
        self._questions = process.stdin
        reader = Thread(target=self._read, args=(process.stdout,), daemon=True)
        reader.start()
        self._cleanup.callback(self._end, process, reader)

    def _read(self, answers: IO[str]) -> None:
        with answers:
            for line in answers:
                self._lines.put(line.strip())
        self._lines.put("")

    def _answer(self, timeout_seconds: float, failure: str) -> str | None:
        """Return the next line, or None, with the problem noted, if it does not come or never will."""
        try:
            line = self._lines.get(timeout=timeout_seconds)
        except queue.Empty:
            self.problem = f"{self.name} {failure} within {timeout_seconds:.0f} s"
            return None
        if not line:
            said = self._errors.read_text(encoding="utf-8", errors="replace").split("\n")
            last = next((text.strip() for text in reversed(said) if text.strip()), "it said nothing")
            self.problem = f"{self.name} {failure}: its process ended ({last})"
            return None
        return line

    def _end(self, process: "subprocess.Popen[str]", reader: Thread) -> None:
        """End a worker by ending its input; one that does not end so, and whatever it has left, is killed."""
        with contextlib.suppress(BrokenPipeError):
            self._questions.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS if self.problem is None else 0.0)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        reader.join()


def _interpreter(program: PeerProgram) -> str | None:
    """Return an interpreter that has the peer: this one, or that of `make bench-peers`."""
    if importlib.util.find_spec(program.module) is not None:
        return sys.executable
    made = Path(".peers", program.environment, "bin", "python")
    return str(made.absolute()) if made.exists() else None


def _pinned_version(program: PeerProgram) -> str:
    """Return the version that the requirements ask for; a peer that runs says its own."""
    requirements = (FOLDER / REQUIREMENTS[program.environment]).read_text(encoding="utf-8")
    found = re.search(rf"^{re.escape(program.distribution)}(?:\[.*\])?==(\S+)", requirements, re.MULTILINE)
    return found[1] if found else ""
