"""Whole runs over real Ray: processes, messages, weights, evaluations, counters."""

import json
import os
import signal
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deploy.launch import start_run
from learner.weights_publisher import WeightsPublisher
from tests.support.gathering import Gathering
from tests.support.metrics_page import Metric, documented_metrics, free_port, scraped_metrics
from tests.support.processes import pid_of
from tests.support.runs import tiny_run, train_over_ray
from training.cadence import Cadence
from training.parts.parts import Parts
from training.status.records import RunStatus

pytestmark = pytest.mark.ray

UNBOUNDED = ("tasks.chain.solved_at=null", "tasks.identity.solved_at=null")
LATE = 200
"""Updates before weights are first published, and evaluated."""
TWO_SHARDS = ("replay.shards=2", "tasks.chain.actors=2", "tasks.identity.actors=2")


@dataclass(frozen=True)
class Trained:
    """A run over Ray as a user starts it: what it was asked to be, returned, showed and left.

    `scraped` has the metrics at each of its statuses.
    """

    overrides: tuple[str, ...]
    directory: Path
    summary: dict[str, Any]
    statuses: list[RunStatus]
    scraped: list[set[Metric]]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Train the pair with two shards; actors hear late of other weights than the first ones."""
    port, directory = free_port(), tmp_path_factory.mktemp("ray") / "run"
    statuses: list[RunStatus] = []
    scraped: list[set[Metric]] = []

    def observe(status: RunStatus) -> None:
        statuses.append(status)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as page:
            scraped.append(scraped_metrics(page.read().decode()))

    overrides = (
        f"metrics.port={port}",
        "replay.shards=2",
        "replay.selector=proportional",
        "probes.period=20",
        f"learner.publish_period={LATE}",
        f"evaluation.period={LATE}",
        *UNBOUNDED,
    )
    summary = start_run(tiny_run(*overrides), directory, "ray", None, [observe], Cadence(report_seconds=0.1))
    return Trained(overrides, directory, summary, statuses, scraped)


def test_a_run_leaves_everything_that_it_promises(trained: Trained):
    """Training leaves directory, summary, events and checkpoints, and its metrics are as documented."""
    summary, directory = trained.summary, trained.directory
    # Not each page has each metric: a loss is that of the updates since the last report, if there were any.
    assert set().union(*trained.scraped) == documented_metrics()
    assert json.loads((directory / "summary.json").read_text()) == summary
    assert summary["stopped_by"] == "budget"
    assert 3000 <= summary["env_steps"] < 6000
    for result in summary["tasks"].values():
        assert result["episodes"] == 20
        assert result["env_steps"] > 200
        assert isinstance(result["greedy_return_mean"], float)
        assert result["transitions"]["problem"] is None
    assert summary["learner_steps"] > 100
    lines = (directory / "metrics.jsonl").read_text().splitlines()
    status = json.loads(lines[-1])
    assert status["learner_step"] == summary["learner_steps"]
    assert [(shard["index"], shard["up"], shard["restarts"]) for shard in status["shards"]] == [
        (0, True, 0),
        (1, True, 0),
    ]
    assert all(shard["memory_bytes"] > 5000 * 25 for shard in status["shards"])
    assert list((directory / "tensorboard").glob("events.out.tfevents.*"))
    assert list((directory / "checkpoints").glob("step-*"))
    assert summary["replay_saved"] is True
    assert len(list((directory / "replay").glob("shard-*/manifest.json"))) == 2


def first_masses(*overrides: str) -> dict[str, float]:
    """Return what a task's items weigh on average, by first priorities of weights that learned nothing."""
    run = tiny_run(*overrides)
    parts = Parts(run.config.on_one_machine(), run.specs)
    gathering = Gathering(parts)
    WeightsPublisher(parts.learner(), gathering).publish()
    gathering.advance(blocks=20)
    return {task: table.mass / table.items for task, table in gathering.tables().items()}


def test_priority_updates_over_ray_meet_the_right_keys(trained: Trained):
    """Where actors heard of no new weights, all first priorities are high: what lowers them are updates."""
    status = [status for status in trained.statuses if status.weights_version == 0][-1]
    assert LATE >= status.learner_step > 50
    assert [task.replay.table.stale_updates for task in trained.statuses[-1].tasks] == [0, 0]
    tables = {task.name: task.replay.table for task in status.tasks}
    for task, mass in first_masses(*trained.overrides, "replay.shards=1").items():
        assert tables[task].mass / tables[task].items < 0.8 * mass


@pytest.mark.slow
def test_two_shards_and_four_actors_end_with_exact_accounts():
    """sent = inserted + superseded + missing, inserted = stored + evicted, and nobody gave anything up."""
    run = train_over_ray(
        "replay.capacity=400",
        "replay.min_size_to_sample=100",
        "replay.selector=proportional",
        *TWO_SHARDS,
        *UNBOUNDED,
    )
    assert run.outcome.learner_step > 100
    for task in run.statuses[-1].tasks:
        account, table = run.accounts[task.name], task.replay.table
        assert account.inserted == table.inserted == table.items + table.evicted
        assert table.evicted > 0
        assert (account.superseded, account.duplicates, account.lost) == (0, 0, 0)
        assert table.arrived == table.inserted
        assert table.dropped == {}
        assert table.invalid_updates == 0
        reports = [r for r in run.runtime.actors.reports if r.actor.startswith(task.name)]
        assert len(reports) == 2
        assert sum(report.acknowledged_items for report in reports) == table.inserted
        assert all(r.sent_items == r.acknowledged_items + r.abandoned_items for r in reports)
        assert account.sent == sum(report.sent_items for report in reports)


@pytest.mark.slow
def test_a_killed_actor_is_replaced_and_the_accounts_stay_exact():
    """kill -9 of an actor's process costs what it had not sent yet, and nothing else."""
    killed: list[int] = []

    def kill_once(status: RunStatus) -> None:
        if not killed and status.learner_step > 50:
            killed.append(pid_of("ray::ActorHost"))
            os.kill(killed[0], signal.SIGKILL)

    run = train_over_ray("stop_env_steps=15000", *TWO_SHARDS, *UNBOUNDED, interfere=kill_once)
    assert run.outcome.reason == "budget"
    assert sum(task.crew.restarts for task in run.statuses[-1].tasks) == 1
    assert [account.lost for account in run.accounts.values()] == [0, 0]
