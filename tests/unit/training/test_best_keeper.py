"""The best weights in a run's directory, beside the newest: kept, gone on with, and evaluated."""

import json
import logging
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from actors.evaluation import EpisodeReturns
from learner.checkpoint_names import BEST
from learner.learner_state import restore_weights
from network.weights import WeightsLayout, WeightsSnapshot
from tests.support.learning_builders import tiny_parts
from tests.support.runs import run_command
from training.directory.best_keeper import RANGES, BestKeeper
from training.directory.run_directory import RunDirectory
from training.evaluation.judge import EvaluationRequest, EvaluationResult
from training.evaluation.offline import OFFLINE_ROUND, evaluate_run
from training.parts.parts import Parts
from training.status.progress import Progress


@pytest.fixture(name="parts")
def _parts() -> Parts:
    return tiny_parts()


@pytest.fixture(name="directory")
def _directory(tmp_path: Path, parts: Parts) -> RunDirectory:
    return RunDirectory.create(tmp_path / "run", parts.config)


def weights(step: int, seed: int = 0) -> WeightsSnapshot:
    network = tiny_parts(f"seed={seed}").network()
    return WeightsLayout(network).snapshot(network, learner_step=step)


def evaluated(snapshot: WeightsSnapshot, chain: float, identity: float, confirms: bool = False):
    returns = {"chain": EpisodeReturns([chain], [chain]), "identity": EpisodeReturns([identity], [identity])}
    return EvaluationResult(EvaluationRequest(snapshot, 1, confirms), returns)


def keeper_of(directory: RunDirectory, parts: Parts) -> BestKeeper:
    return BestKeeper(directory, parts.network())


def kept(directory: RunDirectory) -> list[str]:
    return sorted(path.name for path in directory.checkpoints.iterdir())


def test_the_weights_of_the_best_evaluation_are_kept_and_no_others(directory: RunDirectory, parts: Parts):
    """Bit for bit, with what they reached; the newest checkpoint and its number of copies are as without."""
    keeper = keeper_of(directory, parts)
    learner = parts.learner()
    for step, (chain, identity) in enumerate([(0.1, 5.0), (0.9, 9.0), (0.5, 9.0), (1.0, 4.0)], start=1):
        keeper(evaluated(weights(step, seed=step), chain, identity), Progress(life=2))
        learner.learner_step = step
        directory.save_checkpoint(learner, Progress(life=2))
    assert kept(directory) == ["best-000000000002", "step-000000000003", "step-000000000004"]
    checkpoint, _ = directory.newest_checkpoint(BEST)
    assert checkpoint.state["means"] == {"chain": 0.9, "identity": 9.0}
    assert (checkpoint.state["learner_step"], checkpoint.state["life"]) == (2, 2)
    network = parts.network()
    restore_weights(network, checkpoint.tensors["weights"])
    assert np.array_equal(WeightsLayout(network).flatten(network), weights(2, seed=2).flat)
    assert keeper.compared_with(evaluated(weights(4), 1.0, 4.0)) == {
        "evaluated_learner_step": 4,
        "best": {"learner_step": 2, "means": {"chain": 0.9, "identity": 9.0}},
    }
    assert keeper_of(directory, parts).compared_with(None)["evaluated_learner_step"] is None


def test_a_later_life_goes_on_with_the_best_and_with_what_was_reached(directory: RunDirectory, parts: Parts):
    """Identity has been seen between 0 and 100: ten more of it are less than half a chain."""
    keeper = keeper_of(directory, parts)
    keeper(evaluated(weights(1), 0.0, 100.0), Progress())
    keeper(evaluated(weights(2), 0.5, 0.0), Progress())
    keeper(evaluated(weights(3), 1.0, 50.0), Progress())
    again = keeper_of(directory, parts)
    assert again.best == keeper.best
    again(evaluated(weights(4), 0.5, 60.0), Progress(life=1))
    assert kept(directory) == ["best-000000000003"]
    again(evaluated(weights(2), 1.0, 60.0), Progress(life=1))
    assert kept(directory) == ["best-000000000002"]


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"lowest": 3, "highest": {"chain": "x"}}'])
def test_without_its_notes_a_life_goes_on_from_what_the_best_reached(
    directory: RunDirectory, parts: Parts, content: bytes
):
    """Somebody removed or changed the file."""
    keeper_of(directory, parts)(evaluated(weights(1), 0.5, 5.0), Progress())
    (directory.path / RANGES).write_bytes(content)
    again = keeper_of(directory, parts)
    again(evaluated(weights(2), 0.4, 4.0), Progress())
    assert kept(directory) == ["best-000000000001"]


def test_weights_and_returns_that_are_not_finite_are_never_kept(directory: RunDirectory, parts: Parts):
    """Nor is a second look at weights that were looked at."""
    keeper = keeper_of(directory, parts)
    broken = weights(1)
    broken.flat[3] = np.nan
    keeper(evaluated(broken, 1.0, 1.0), Progress())
    keeper(evaluated(weights(2), float("inf"), 1.0), Progress())
    keeper(evaluated(weights(3), 1.0, 1.0, confirms=True), Progress())
    assert keeper.best is None
    assert not directory.checkpoints.exists()


def test_a_full_disk_keeps_the_best_before_and_the_run(
    directory: RunDirectory, parts: Parts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """One warning for the outage; the next better weights are tried again."""
    keeper = keeper_of(directory, parts)
    keeper(evaluated(weights(1), 0.1, 1.0), Progress())

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(os, "fsync", full)
        keeper(evaluated(weights(2), 0.2, 2.0), Progress())
        keeper(evaluated(weights(3), 0.3, 3.0), Progress())
    assert [record.getMessage() for record in caplog.records] == [
        "the best weights cannot be saved: No space left on device"
    ]
    assert kept(directory) == ["best-000000000001"]
    keeper(evaluated(weights(4), 0.2, 2.0), Progress())
    assert kept(directory) == ["best-000000000004"]


def test_evaluate_plays_the_best_weights_or_the_last(
    directory: RunDirectory, parts: Parts, monkeypatch: pytest.MonkeyPatch
):
    """A run that had been better than it was when it was interrupted: both say which weights these are."""

    def played(snapshot: WeightsSnapshot) -> dict[str, float]:
        found = {spec.name: parts.evaluate(spec, snapshot, 3, OFFLINE_ROUND) for spec in parts.specs}
        return {task: float(np.mean(returns.undiscounted)) for task, returns in found.items()}

    by_return = sorted(range(8), key=lambda seed: sum(played(weights(0, seed)).values()))
    poor, good = played(weights(20, by_return[0])), played(weights(10, by_return[-1]))
    assert sum(good.values()) > sum(poor.values()) + 1
    keeper = keeper_of(directory, parts)
    keeper(evaluated(weights(10, by_return[-1]), good["chain"], good["identity"]), Progress())
    learner = parts.learner()
    learner.learner_step = 20
    WeightsLayout(learner.network).load(learner.network, weights(20, by_return[0]))
    directory.save_checkpoint(learner, Progress())

    last, best = evaluate_run(directory, 3), evaluate_run(directory, 3, best=True)
    assert {name: task["greedy_return_mean"] for name, task in last["tasks"].items()} == poor
    assert {name: task["greedy_return_mean"] for name, task in best["tasks"].items()} == good
    assert (last["weights"], last["learner_steps"]) == ("last", 20)
    assert last["best"] == {"learner_step": 10, "means": good}
    assert (best["weights"], best["learner_steps"], best["best"]) == ("best", 10, None)

    _, out, _ = run_command(monkeypatch, "evaluate", directory.path, "--episodes", "1")
    said = out.splitlines()[-1]
    assert said.startswith(
        f"these are the last weights, of learner step 20; the best were of learner step 10 "
        f"(chain {good['chain']:.2f}, identity {good['identity']:.2f}): "
    )
    assert said.endswith(f"trunkline evaluate --best {directory.path}")
    _, out, _ = run_command(monkeypatch, "evaluate", directory.path, "--episodes", "1", "--best", "--json")
    assert json.loads(out)["weights"] == "best"


def test_a_run_without_best_weights_says_so(
    directory: RunDirectory, parts: Parts, monkeypatch: pytest.MonkeyPatch
):
    """One that was never evaluated, or that an older version trained."""
    directory.save_checkpoint(parts.learner(), Progress())
    assert evaluate_run(directory, 1)["best"] is None
    code, out, err = run_command(monkeypatch, "evaluate", directory.path, "--best")
    assert (code, out) == (3, "")
    sentence = f"no checkpoint of the best weights under {directory.checkpoints} can be used: there are none"
    assert err == f"trunkline: {sentence}\n"


def test_the_last_weights_may_be_the_best(directory: RunDirectory, parts: Parts):
    """Then there is nothing to say of others."""
    learner = parts.learner()
    layout = WeightsLayout(learner.network)
    keeper_of(directory, parts)(evaluated(layout.snapshot(learner.network), 1.0, 1.0), Progress())
    directory.save_checkpoint(learner, Progress())
    assert evaluate_run(directory, 1)["best"] is None
    with torch.no_grad():
        next(iter(learner.network.parameters())).add_(1.0)
    directory.save_checkpoint(learner, Progress())
    assert evaluate_run(directory, 1)["best"] is not None
