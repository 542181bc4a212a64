"""`train --resume` over the in-process runtime: whatever happened to the run at a path, it gets done."""

import json
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from config.errors import ConfigError
from config.resolution import resolve
from deploy.launch import start_or_resume_run
from deploy.run_client import RunClient
from learner.checkpoint import CheckpointError
from tests.support.learning_builders import IN_EVERY_ROUND, tiny_config
from tests.support.metrics_page import free_port
from training.directory.owner import OWNER
from training.directory.run_directory import LIVES, RunDirectory
from training.status.records import RunStatus

RUN = (
    "tasks.chain.solved_at=null",
    "tasks.identity.solved_at=null",
    "evaluation.period=100000",
    "stop_env_steps=600",
)


LOGS = ("metrics.jsonl", "evaluations.jsonl", "probes.jsonl")


class Crashed(BaseException):
    """The learner's process is gone: nothing tidies up after it."""


def do(path: Path, *overrides: str, crash_at: int | None = None) -> tuple[dict[str, Any], list[RunStatus]]:
    """Train, as `train --resume` does; crash after so many updates."""
    seen: list[RunStatus] = []

    def observe(status: RunStatus) -> None:
        seen.append(status)
        if crash_at is not None and status.learner_step >= crash_at:
            raise Crashed

    run = resolve(tiny_config(*RUN, *overrides))
    try:
        summary = start_or_resume_run(run, path, "local", None, [observe], IN_EVERY_ROUND)
    except Crashed:
        return {}, seen
    return summary, seen


def life_of(path: Path) -> int:
    """Return the life that wrote the newest checkpoint."""
    life: int = RunDirectory.open(path).newest_checkpoint()[0].state["life"]
    return life


@pytest.fixture(name="crashed", scope="module")
def _crashed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that crashed at update 15, with a checkpoint of update 10."""
    path = tmp_path_factory.mktemp("crashed") / "run"
    assert do(path, "checkpoint.period=10", crash_at=15)[0] == {}
    return path


@pytest.fixture(name="path")
def _path(crashed: Path, tmp_path: Path) -> Path:
    shutil.copytree(crashed, tmp_path / "run")
    return tmp_path / "run"


def test_a_fresh_path_begins_a_run_and_a_finished_one_says_what_it_came_to(tmp_path: Path):
    """The second time nothing is trained, written or counted."""
    path = tmp_path / "run"
    summary, statuses = do(path)
    assert (summary["stopped_by"], len(statuses) > 1) == ("budget", True)
    assert RunDirectory.open(path).lives() == 1
    before = {file: file.stat().st_mtime_ns for file in path.rglob("*")}
    assert do(path) == (json.loads((path / "summary.json").read_text()), [])
    assert {file: file.stat().st_mtime_ns for file in path.rglob("*")} == before
    more, statuses = do(path, "stop_env_steps=700")
    assert more["env_steps"] >= 700
    assert statuses[0].env_steps >= summary["env_steps"]
    assert RunDirectory.open(path).lives() == 2


@pytest.mark.parametrize(
    "change", [lambda _: {}, lambda summary: summary | {"tasks": {"chain": {}}}, lambda summary: [summary]]
)
def test_a_summary_that_cannot_be_used_does_not_say_that_a_run_is_done(
    path: Path, change: Callable[[dict[str, Any]], object]
):
    """The run goes on, and writes another."""
    done = {"solved": True, "stopped_by": "solved", "env_steps": 600}
    (path / "summary.json").write_text(json.dumps(change(done)))
    summary, statuses = do(path, "checkpoint.period=10")
    assert (statuses[0].learner_step, summary["stopped_by"]) == (10, "budget")
    assert do(path, "checkpoint.period=10") == (json.loads((path / "summary.json").read_text()), [])


def test_a_crash_after_a_checkpoint_goes_on_from_it(path: Path):
    """Updates, env steps and versions go on; the life is the next."""
    checkpoint = RunDirectory.open(path).newest_checkpoint()[0].state
    assert checkpoint["learner_step"] == 10
    assert not (path / "summary.json").exists()
    summary, statuses = do(path, "checkpoint.period=10")
    assert (statuses[0].learner_step, summary["stopped_by"]) == (10, "budget")
    assert statuses[0].env_steps >= sum(checkpoint["env_steps"].values()) > 0
    assert statuses[0].weights_version > checkpoint["weights_version"] > 0
    assert (RunDirectory.open(path).lives(), life_of(path)) == (2, 1)
    assert {task["transitions"]["problem"] for task in summary["tasks"].values()} == {None}


def test_a_crash_before_the_first_checkpoint_begins_again_in_the_next_life(tmp_path: Path):
    """No number of a life is used twice: whoever is left of an earlier one cannot pass for its successor."""
    path = tmp_path / "run"
    for life in range(3):
        assert do(path, crash_at=5)[0] == {}
        assert RunDirectory.open(path).lives() == life + 1
        assert not RunDirectory.open(path).has_checkpoints()
    summary, statuses = do(path)
    assert (statuses[0].env_steps < 200, summary["stopped_by"]) == (True, "budget")
    assert life_of(path) == 3


def steps_of(path: Path, log: str) -> list[int]:
    return [json.loads(line)["learner_step"] for line in (path / log).read_text().splitlines()]


def test_curves_do_not_go_back_in_time_after_a_crash(path: Path):
    """What came after the checkpoint is moved out of every log, torn lines too; TensorBoard forgets it."""
    probed = ("checkpoint.period=10", "probes.period=3", "evaluation.period=4")
    assert do(path, *probed, crash_at=38)[0] == {}
    beyond = {log: [step for step in steps_of(path, log) if step > 30] for log in LOGS}
    assert min(map(len, beyond.values())) > 0
    for log in LOGS:
        with (path / log).open("a") as file:
            file.write('{"learner_step": 3')
    summary, statuses = do(path, *probed)
    assert statuses[0].learner_step == 30
    env_steps = [event.step for event in events_of(path)]
    assert env_steps == sorted(env_steps)
    assert env_steps[-1] == summary["env_steps"]
    for log in LOGS:
        steps = steps_of(path, log)
        assert steps == sorted(steps)
        assert steps[-1] > 34
        whole, torn = (path / f"{log}.cut-2").read_text().rsplit("\n", 1)
        cut = [json.loads(line)["learner_step"] for line in whole.splitlines()]
        assert cut[-len(beyond[log]) :] == beyond[log]
        assert torn == '{"learner_step": 3'
    assert steps_of(path, "probes.jsonl") == sorted(set(steps_of(path, "probes.jsonl")))


def events_of(path: Path) -> list[Any]:
    events = EventAccumulator(str(path / "tensorboard"), size_guidance={"scalars": 0})
    events.Reload()
    found: list[Any] = events.Scalars("chain/env_steps_per_second")
    return found


def test_a_run_that_begins_again_has_its_curves_to_itself(tmp_path: Path):
    """There was no checkpoint: nothing of what the crashed life said holds."""
    path = tmp_path / "run"
    assert do(path, crash_at=5)[0] == {}
    do(path)
    steps = steps_of(path, "metrics.jsonl")
    assert steps == sorted(steps)
    assert (path / "metrics.jsonl.cut-1").exists()


def test_a_log_that_cannot_be_written_neither_ends_a_run_nor_is_passed_over(path: Path):
    """The summary counts what is missing; all else is as it would be."""
    for log in LOGS:
        (path / log).unlink(missing_ok=True)
        (path / log).symlink_to("/dev/full")
    shutil.rmtree(path / "tensorboard")
    (path / "tensorboard").symlink_to("/dev/full")
    summary, statuses = do(path, "checkpoint.period=10", "probes.period=3", "evaluation.period=10")
    assert summary["stopped_by"] == "budget"
    lost = summary["lost_log_records"]
    assert lost["metrics.jsonl"] == lost["tensorboard"] == len(statuses)
    assert min(lost["evaluations.jsonl"], lost["probes.jsonl"]) > 0
    assert life_of(path) == 1


@pytest.mark.parametrize("is_new", [True, False], ids=["new", "old"])
def test_a_second_learner_is_refused_and_the_first_undisturbed(path: Path, tmp_path: Path, is_new: bool):
    """Whether it would start the run or go on with it; nothing is written meanwhile."""
    path = tmp_path / "new" if is_new else path

    def try_to_get_in(_: RunStatus) -> None:
        before = {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}
        with pytest.raises(ConfigError) as caught:
            do(path)
        refusals.append(str(caught.value))
        assert {file: file.read_bytes() for file in path.rglob("*") if file.is_file()} == before

    refusals: list[str] = []
    run = resolve(tiny_config(*RUN, "checkpoint.period=10"))
    summary = start_or_resume_run(run, path, "local", None, [OnlyOnce(try_to_get_in)], IN_EVERY_ROUND)
    assert summary["stopped_by"] == "budget"
    assert refusals[0].startswith(f"run directory {str(path)!r} is in use by process {os.getpid()} on host ")
    assert not (path / OWNER).exists()


def test_a_run_in_one_process_says_that_it_cannot_be_scaled(path: Path, monkeypatch: pytest.MonkeyPatch):
    """Whoever orders it hears so, instead of an order that nobody carries out."""
    monkeypatch.setenv("RAY_AUTH_TOKEN", "t" * 64)
    port = free_port()
    refusals: list[str] = []

    def order(_: RunStatus) -> None:
        with pytest.raises(ConfigError) as caught:
            RunClient(f"127.0.0.1:{port}").scale("chain", 2, "t" * 64)
        refusals.append(str(caught.value))

    run = resolve(tiny_config(*RUN, f"metrics.port={port}"))
    start_or_resume_run(run, path, "local", None, [OnlyOnce(order)], IN_EVERY_ROUND)
    assert refusals[0].startswith("task 'chain' cannot be scaled: a run in one process (--runtime local)")


class OnlyOnce:
    """Shows an observer one status and no more."""

    def __init__(self, observe: Callable[[RunStatus], None]) -> None:
        self._observe = observe
        self._seen = False

    def __call__(self, status: RunStatus) -> None:
        if not self._seen:
            self._seen = True
            self._observe(status)


def test_a_crash_soon_after_a_resumption_counts_its_life_too(path: Path):
    """The checkpoint says one life, the directory two: the next one is the third."""
    assert do(path, "checkpoint.period=10000", crash_at=12)[0] == {}
    assert (RunDirectory.open(path).lives(), life_of(path)) == (2, 0)
    do(path, "checkpoint.period=10")
    assert life_of(path) == 2


def test_a_run_of_an_older_version_has_its_lives_from_its_checkpoint(path: Path):
    """Before lives were written down, only checkpoints knew them."""
    (path / LIVES).unlink()
    assert RunDirectory.open(path).lives() == 0
    do(path, "checkpoint.period=10")
    assert (RunDirectory.open(path).lives(), life_of(path)) == (2, 1)


def test_checkpoints_that_are_all_damaged_are_not_passed_over(path: Path):
    """What a run has learned is not thrown away silently."""
    for file in (path / "checkpoints").rglob("*.safetensors"):
        file.write_bytes(b"damaged")
    with pytest.raises(CheckpointError):
        do(path)
    assert RunDirectory.open(path).lives() == 1


def test_a_start_that_fails_leaves_nothing_behind(tmp_path: Path):
    """The same command can be given again: here the port of the metrics is in use."""
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(ConfigError, match="metrics"):
        do(tmp_path / "run", f"metrics.port={server.getsockname()[1]}")
    assert list(tmp_path.iterdir()) == []


def test_a_path_of_something_else_is_refused(tmp_path: Path):
    """As everywhere."""
    with pytest.raises(ConfigError, match="is not a run directory"):
        do(tmp_path)
