"""Whole runs over real Ray: processes, messages, weights, evaluations, counters."""

import contextlib
import json
import os
import signal
import urllib.request
from pathlib import Path

import pytest

from deploy.launch import start_run
from deploy.status import RunStatus
from replay.client import ShardUnavailableError
from tests.support.metrics_page import documented_metrics, free_port, scraped_metrics
from tests.support.runs import tiny_run, train_over_ray

pytestmark = pytest.mark.ray

UNBOUNDED = ("tasks.chain.solved_at=null", "tasks.identity.solved_at=null")


def test_a_run_leaves_everything_that_it_promises(tmp_path: Path):
    """Training leaves directory, summary, events and checkpoints, and its metrics are as documented."""
    port = free_port()
    seen: list[set[tuple[str, tuple[str, ...]]]] = []

    def scrape(_: RunStatus) -> None:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as page:
            seen.append(scraped_metrics(page.read().decode()))

    run = tiny_run(f"metrics.port={port}")
    summary = start_run(run, tmp_path / "run", "ray", None, [scrape])
    assert seen[-1] == documented_metrics()
    assert json.loads((tmp_path / "run" / "summary.json").read_text()) == summary
    assert summary["stopped_by"] in ("budget", "solved")
    assert summary["env_steps"] < 6000
    for result in summary["tasks"].values():
        assert result["episodes"] == 20
        assert result["env_steps"] > 200
        assert isinstance(result["greedy_return_mean"], float)
    assert summary["learner_steps"] > 100
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["learner_step"] == summary["learner_steps"]
    assert list((tmp_path / "run" / "tensorboard").glob("events.out.tfevents.*"))
    assert list((tmp_path / "run" / "checkpoints").glob("step-*"))


def test_counters_agree_with_each_other_at_the_end():
    """inserted = stored + evicted on the shard; sent = inserted + abandoned for the actors."""
    run = train_over_ray("replay.capacity=400", "replay.min_size_to_sample=100", *UNBOUNDED)
    for task in run.statuses[-1].tasks:
        table = task.table
        assert table.inserted == table.items + table.evicted
        assert table.evicted > 0
        assert table.dropped == {}
        reports = run.runtime.crew_of_actors.reports[task.name]
        assert sum(report.acknowledged_items for report in reports) == table.inserted
        assert all(r.sent_items == r.acknowledged_items + r.abandoned_items for r in reports)


def test_a_killed_actor_is_replaced_and_the_run_goes_on():
    """kill -9 of an actor's process costs what it had not sent yet, and nothing else."""
    killed: list[int] = []

    def kill_once(status: RunStatus) -> None:
        if not killed and status.learner_step > 50:
            killed.append(pid_of("ray::ActorHost.run"))
            os.kill(killed[0], signal.SIGKILL)

    run = train_over_ray(
        "stop_env_steps=15000",
        *UNBOUNDED,
        interfere=kill_once,
    )
    assert run.outcome.reason == "budget"
    assert sum(task.actor_restarts for task in run.statuses[-1].tasks) == 1


def test_a_killed_shard_ends_the_run_with_a_sentence():
    """Without replay nothing can go on; whoever looks is told what died."""

    def kill(status: RunStatus) -> None:
        if status.learner_step > 50:
            os.kill(pid_of("ray::ShardHost"), signal.SIGKILL)

    with pytest.raises(ShardUnavailableError, match="by the replay shard died"):
        train_over_ray("stop_env_steps=1000000", *UNBOUNDED, interfere=kill)


def pid_of(title: str) -> int:
    """Return the process of a Ray actor that this process started, by the title that Ray gives it."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            is_titled = (process / "cmdline").read_bytes().decode(errors="replace").startswith(title)
            if is_titled and os.getpid() in ancestors(int(process.name)):
                return int(process.name)
    raise AssertionError(f"no process {title}")


def ancestors(pid: int) -> list[int]:
    """Return the parent of a process, its parent, and so on."""
    found: list[int] = []
    while pid > 1:
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        found.append(pid)
    return found


def test_proportional_replay_works_over_ray():
    """Priorities go back and none meets a wrong key."""
    run = train_over_ray("replay.selector=proportional", *UNBOUNDED)
    assert run.outcome.learner_step > 100
    assert [task.table.stale_updates for task in run.statuses[-1].tasks] == [0, 0]
