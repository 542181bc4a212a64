"""The summary of a run, as `summary.json` says it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from actors.evaluation import EpisodeReturns
from network.weights import WeightsSnapshot
from tests.support.learning_builders import tiny_config
from training.evaluation.judge import EvaluationRequest, EvaluationResult
from training.status.accounting import TaskAccount
from training.status.progress import Outcome, Progress, StopReason
from training.status.summary import summarise

REQUEST = EvaluationRequest(WeightsSnapshot(1, 40, "layout", np.zeros(1, np.float32)), 3, True)
RESULT = EvaluationResult(
    REQUEST,
    {
        "chain": EpisodeReturns([1.0, 0.9], [0.5, 0.4]),
        "identity": EpisodeReturns([17.0, 18.0], [2.0, 2.0]),
    },
)

CHAIN = TaskAccount(302, 290, 4, 2, 6, 8, 40, 250, 3, "something is odd")
"""sent, inserted, superseded, abandoned, missing, duplicates, evicted, stored, lost, problem."""

PAGE = Path(__file__).parents[3] / "docs" / "runs.md"


def outcome(reason: StopReason = "budget", evaluation: EvaluationResult | None = RESULT) -> Outcome:
    progress = Progress({"chain": 300, "identity": 200}, 12.34567, life=1)
    accounts = {"chain": CHAIN, "identity": replace(CHAIN, sent=200, inserted=199)}
    return Outcome(
        reason,
        progress,
        40,
        evaluation,
        "abc",
        {"update": 1.23456},
        accounts,
        replay_saved=True,
        evaluations_failed=1,
    )


def test_a_summary_has_its_fields():
    """Those that benchmarks and users read, with their values."""
    summary = summarise(tiny_config(), outcome())
    assert {name: summary[name] for name in summary if name not in {"tasks", "versions"}} == {
        "solved": False,
        "stopped_by": "budget",
        "error": None,
        "train_seconds": 12.346,
        "learner_steps": 40,
        "env_steps": 500,
        "seed": 3,
        "weights_sha256": "abc",
        "learner_phase_seconds": {"update": 1.235},
        "replay_saved": True,
        "evaluations_failed": 1,
    }
    assert set(summary["versions"]) == {"python", "trunkline", "torch", "ray", "gymnasium", "numpy"}
    assert json.loads(json.dumps(summary)) == summary


def test_each_task_has_its_returns_and_whether_it_is_solved():
    """Mean, standard deviation, episodes and bound: chain reaches its 0.9, identity misses its 18."""
    tasks = summarise(tiny_config(), outcome())["tasks"]
    assert tasks["chain"] == {
        "greedy_return_mean": pytest.approx(0.95),
        "greedy_return_std": pytest.approx(0.05),
        "greedy_return_discounted": pytest.approx(0.45),
        "episodes": 2,
        "solved_at": 0.9,
        "solved": True,
        "env_steps": 300,
        "transitions": {
            "sent": 302,
            "inserted": 290,
            "superseded": 4,
            "abandoned": 2,
            "missing": 6,
            "duplicates": 8,
            "evicted": 40,
            "stored": 250,
            "lost": 3,
            "problem": "something is odd",
        },
    }
    assert tasks["identity"]["transitions"]["sent"] == 200
    assert (tasks["identity"]["greedy_return_mean"], tasks["identity"]["solved"]) == (17.5, False)


def test_without_an_evaluation_there_are_no_returns():
    """An interrupted run claims nothing: not solved, and no numbers."""
    chain = summarise(tiny_config(), outcome("interrupted", None))["tasks"]["chain"]
    assert (chain["greedy_return_mean"], chain["greedy_return_std"], chain["episodes"]) == (None, None, 0)
    assert chain["solved"] is False


def test_a_task_without_a_bound_is_neither_solved_nor_unsolved():
    """There is nothing to compare with."""
    config = tiny_config("tasks.chain.solved_at=null")
    assert summarise(config, outcome())["tasks"]["chain"]["solved"] is None


def test_only_a_confirmed_run_is_called_solved():
    """The reason for stopping decides."""
    assert summarise(tiny_config(), outcome("solved"))["solved"] is True


def test_every_field_is_explained():
    """In the page about what a run leaves, with those of its transitions."""
    page = PAGE.read_text(encoding="utf-8")
    summary = summarise(tiny_config(), outcome())
    added_by_a_run = {"evaluated_learner_step", "best", "lost_log_records"}
    fields = {*summary, *summary["tasks"]["chain"]["transitions"], *added_by_a_run}
    assert [field for field in sorted(fields) if f"| `{field}` |" not in page] == []
