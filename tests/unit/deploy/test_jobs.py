"""Runs as jobs: from a configuration to files."""

import json
import signal

import pytest

from deploy.jobs import COST, Job, run_job
from tests.support.learning_builders import tiny_raw
from tests.support.own_environments import MODULE

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SIGNALLING = f"{MODULE}:trunkline-test/SignallingIdentity-v0"


def test_a_job_returns_its_run_directory_and_what_it_took():
    """Without the series that a person would watch."""
    finished = run_job(Job("one", tiny_raw(stop_env_steps=300)))
    assert finished.failure is None
    assert {"config.yaml", "summary.json", "evaluations.jsonl", COST} <= set(finished.files)
    assert not [name for name in finished.files if name.startswith(("tensorboard", "metrics"))]
    cost = json.loads(finished.files[COST])
    assert cost["parameters"] > 100
    assert cost["memory_bytes"] > 2**20


def test_a_job_that_fails_says_why_and_leaves_nothing():
    """A mistake in the configuration, or an environment that breaks."""
    wrong = run_job(Job("wrong", tiny_raw(seed=-1)))
    assert (wrong.files, wrong.failure) == (
        {},
        "seed: -1 is not allowed: it should be greater than or equal to 0",
    )
    broken = {"chain": {"env": "tests.support.broken_environments:nothing/There-v0"}}
    assert "tasks.chain.env" in (run_job(Job("broken", tiny_raw(tasks=broken))).failure or "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_job_that_is_interrupted_is_not_finished(number: signal.Signals):
    """A run ends early and orderly then, but a study must not take it for a whole one.

    The process makes other runs, and can be ended as before.
    """
    handlers = [signal.getsignal(ending) for ending in ENDING]
    symbols = {
        "env": SIGNALLING,
        "env_kwargs": {"number": int(number)},
        "envs_per_actor": 1,
        "solved_at": None,
    }
    endless = {"tasks": {"symbols": symbols}, "stop_env_steps": 10**7, "evaluation": {"period": 10**6}}
    finished = run_job(Job("cut", tiny_raw(**endless)))
    assert (finished.files, finished.failure) == ({}, "it was interrupted")
    assert [signal.getsignal(ending) for ending in ENDING] == handlers
