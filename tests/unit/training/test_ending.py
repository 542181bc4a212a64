"""Whatever ends a run, what it learned is saved first, and a summary says why it ended."""

import signal
import threading
from pathlib import Path
from typing import Any

import pytest
import torch

from config.resolution import resolve
from deploy.launch import start_or_resume_run, start_run
from learner.learner import Learner
from network.weights import WeightsLayout
from replay.client import ShardUnavailableError
from tasks.errors import EnvironmentFailureError
from tests.support.learning_builders import IN_EVERY_ROUND, tiny_config, tiny_parts
from training.directory.run_directory import RunDirectory
from training.errors import TrainingFailedError
from training.evaluation.judge import EvaluationRequest, Judge
from training.local.actors import LocalActors
from training.local.evaluator import LocalEvaluator
from training.local.runtime import LocalRuntime
from training.status.records import RunStatus

RUN = (
    "tasks.chain.solved_at=null",
    "tasks.identity.solved_at=null",
    "evaluation.period=100000",
    "stop_env_steps=600",
)
LEARNED = 20
"""Updates after which a test strikes."""


def train(path: Path, *overrides: str, strike: BaseException | None = None) -> dict[str, Any]:
    """Train a new run over the local runtime; raise `strike` in the loop once something was learned."""

    def observe(status: RunStatus) -> None:
        nonlocal strike
        if strike is not None and status.learner_step >= LEARNED:
            error, strike = strike, None
            raise error

    return start_run(resolve(tiny_config(*RUN, *overrides)), path, "local", None, [observe], IN_EVERY_ROUND)


def saved_step(path: Path) -> int:
    """Return the learner step of the newest checkpoint."""
    step: int = RunDirectory.open(path).newest_checkpoint()[0].state["learner_step"]
    return step


def summary_of(path: Path) -> dict[str, Any]:
    summary = RunDirectory.open(path).summary()
    assert summary is not None
    return summary


@pytest.mark.parametrize(
    "error",
    [
        TrainingFailedError("actor chain-0 died 4 times within 9 s"),
        EnvironmentFailureError("task 'chain': environment raised in step"),
        ShardUnavailableError("shard 0 died"),
        SystemExit("the window was closed"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_ends_a_run_saved_and_in_a_sentence(tmp_path: Path, error: BaseException):
    """Long before the first checkpoint is due: the checkpoint, the reason in the summary, the sentence."""
    with pytest.raises(TrainingFailedError, match=str(error)) as raised:
        train(tmp_path / "run", strike=error)
    assert saved_step(tmp_path / "run") >= LEARNED
    assert f"learner step {saved_step(tmp_path / 'run')} is saved" in str(raised.value)
    summary = summary_of(tmp_path / "run")
    assert (summary["stopped_by"], summary["solved"]) == ("failed", False)
    assert str(error) in summary["error"]


def test_a_fault_of_the_program_keeps_its_traceback_and_is_saved_all_the_same(tmp_path: Path):
    """Such as a KeyError that nobody expected."""
    with pytest.raises(KeyError, match="unforeseen"):
        train(tmp_path / "run", strike=KeyError("unforeseen"))
    assert saved_step(tmp_path / "run") >= LEARNED
    assert summary_of(tmp_path / "run")["stopped_by"] == "failed"


def test_the_last_evaluation_comes_after_the_save(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What it evaluates is on disk when it begins; a failure of it costs nothing but the returns."""
    on_disk: list[int] = []

    def fail(_: LocalEvaluator, request: EvaluationRequest) -> None:
        on_disk.append(saved_step(tmp_path / "run"))
        raise TrainingFailedError(f"evaluation of learner step {request.snapshot.learner_step} failed")

    monkeypatch.setattr(LocalEvaluator, "request", fail)
    with pytest.raises(TrainingFailedError, match="evaluation of learner step"):
        train(tmp_path / "run")
    assert on_disk[-1] == saved_step(tmp_path / "run") > LEARNED
    summary = summary_of(tmp_path / "run")
    assert (summary["stopped_by"], summary["replay_saved"]) == ("failed", True)
    assert summary["tasks"]["chain"]["transitions"]["problem"] is None


def test_a_run_that_is_killed_in_its_last_evaluation_is_not_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Its summary says `interrupted`, and `train --resume` evaluates what was saved."""

    class KilledError(BaseException):
        """The process is gone."""

    def die(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(LocalEvaluator, "request", die)
        with pytest.raises(KilledError):
            train(tmp_path / "run")
    assert summary_of(tmp_path / "run")["stopped_by"] == "interrupted"
    before = saved_step(tmp_path / "run")
    run = resolve(tiny_config(*RUN))
    summary = start_or_resume_run(run, tmp_path / "run", "local", None, [])
    assert (summary["stopped_by"], summary["learner_steps"]) == ("budget", before)
    assert summary["tasks"]["chain"]["greedy_return_mean"] is not None


def test_a_checkpoint_that_cannot_be_written_does_not_keep_the_rest_from_being_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The actors end, replay is saved, the summary is written, and both sentences are told."""

    def refuse(*_: object) -> None:
        raise TrainingFailedError("a checkpoint cannot be written: No space left on device")

    monkeypatch.setattr(RunDirectory, "save_checkpoint", refuse)
    with pytest.raises(TrainingFailedError, match=r"the first reason\na checkpoint cannot be written"):
        train(tmp_path / "run", strike=TrainingFailedError("the first reason"))
    summary = summary_of(tmp_path / "run")
    assert summary["replay_saved"] is True
    assert summary["error"] == "the first reason; a checkpoint cannot be written: No space left on device"
    assert summary["tasks"]["chain"]["transitions"]["problem"] is None


def test_nothing_of_a_diverged_learner_is_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The checkpoint from before stays the newest one, and the run can be resumed from it."""
    step = Learner.step

    def diverge(self: Learner, batches: Any) -> Any:
        result = step(self, batches)
        if self.learner_step == LEARNED + 5:
            next(self.network.parameters()).data.fill_(torch.nan)
        return result

    with monkeypatch.context() as patched:
        patched.setattr(Learner, "step", diverge)
        with pytest.raises(TrainingFailedError, match=r"is not finite at learner step \d+: lower learner.le"):
            train(tmp_path / "run", "checkpoint.period=10", "learner.publish_period=100000")
    assert saved_step(tmp_path / "run") == LEARNED
    assert summary_of(tmp_path / "run")["stopped_by"] == "failed"
    run = resolve(tiny_config(*RUN))
    assert start_or_resume_run(run, tmp_path / "run", "local", None, [])["stopped_by"] == "budget"


def test_a_budget_without_an_update_is_a_failure(tmp_path: Path):
    """Exit 0 and two commands for what next would say that all went well."""
    with pytest.raises(TrainingFailedError, match=r"before the first update.*min_size_to_sample \(64\)"):
        train(tmp_path / "run", "stop_env_steps=129")
    assert summary_of(tmp_path / "run")["stopped_by"] == "failed"


def test_an_interrupted_run_is_saved_and_evaluates_nothing_more(tmp_path: Path):
    """The summary says so; nothing is raised."""
    stopped_at: list[int] = []

    def observe(status: RunStatus) -> None:
        if status.learner_step >= LEARNED and not stopped_at:
            stopped_at.append(status.learner_step)
            signal.raise_signal(signal.SIGTERM)

    run = resolve(tiny_config(*RUN))
    summary = start_run(run, tmp_path / "run", "local", None, [observe], IN_EVERY_ROUND)
    assert (summary["stopped_by"], summary["error"], summary["learner_steps"]) == (
        "interrupted",
        None,
        stopped_at[0],
    )
    assert saved_step(tmp_path / "run") == stopped_at[0]


def test_a_ctrl_c_that_went_past_our_handler_is_an_interrupt_all_the_same(tmp_path: Path):
    """An environment may have put a handler of its own in the place of ours."""
    summary = train(tmp_path / "run", strike=KeyboardInterrupt())
    assert summary["stopped_by"] == "interrupted"
    assert saved_step(tmp_path / "run") == summary["learner_steps"] >= LEARNED


def test_a_halt_reaches_an_evaluation_in_the_learners_own_process():
    """A signal need not wait for thousands of episodes."""
    parts = tiny_parts("evaluation.episodes=1000000")
    network = parts.network()
    with LocalRuntime(parts) as runtime:
        runtime.evaluator.request(Judge({}).request(WeightsLayout(network).snapshot(network)))
        timer = threading.Timer(0.5, runtime.halt)
        timer.start()
        assert runtime.evaluator.finished() is None
        timer.join()


def test_the_learner_is_saved_before_the_actors_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Ending them takes time, in which somebody may lose patience and kill the process."""

    class KilledError(BaseException):
        """The process is gone."""

    def die(_: LocalActors) -> None:
        raise KilledError

    monkeypatch.setattr(LocalActors, "stop", die)
    with pytest.raises(KilledError):
        train(tmp_path / "run", strike=TrainingFailedError("the first reason"))
    assert saved_step(tmp_path / "run") >= LEARNED
    assert summary_of(tmp_path / "run")["error"] == "the first reason"
