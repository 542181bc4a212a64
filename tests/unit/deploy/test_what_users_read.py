"""What programs of users read of a run stays what it was: it may say more, never less, and nothing else.

`recorded/` holds what `/status` (which is `trunkline status --json`), a line of `metrics.jsonl` and
`/metrics` said of one run, value by value. A field that is new needs no new record.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.run_server import RunServer
from learner.probes.reading import TaskReading
from tests.support.status_builders import run_status, shard_status, table_stats, task_status
from training.directory.run_directory import METRICS
from training.directory.run_logs import MetricsLog
from training.fleet import Node
from training.status.records import RunStatus

RECORDED = Path(__file__).parent / "recorded"

UNKNOWN: dict[str, Any] = {
    "solved_at": None,
    "samples_per_insert": None,
    "samples_per_insert_target": None,
    "greedy_return": None,
    "loss": None,
    "staleness": None,
    "acting_staleness": None,
    "probes": TaskReading(),
    "table": table_stats(recent_return=None, recent_length=None, acting_version=None, dropped={}),
}


def known() -> RunStatus:
    """Return a run of which one task is known well and the other not at all, with something of everything."""
    return run_status(
        task_status("chain", env_steps=1200),
        task_status("identity", **UNKNOWN),
        shards=[shard_status(0), shard_status(1, up=False, trouble="shard replay-1 does not answer")],
        nodes=[
            Node("a", "one", {"task:chain": 2, "task:pong": 3, "replay": 1}, "in service", "1.2.3"),
            Node("b", "two", {"evaluator": 1}, "draining"),
        ],
        node_deaths=3,
        waiting_for=["identity"],
        notices=["rewards differ"],
    )


def unknown() -> RunStatus:
    """Return a run before its first update."""
    return run_status(dormant_share=None, effective_rank=None, last_update_time=None, disk=None)


STATUSES = {"known": known, "unknown": unknown}


def page(status: RunStatus, path: str) -> str:
    with RunServer("127.0.0.1", 0) as server:
        server(status)
        return server.page(path)[2].decode()


def missing(recorded: Any, said: Any, where: str = "") -> list[str]:
    """Return where something said differs from what was recorded, apart from fields that are new."""
    if isinstance(recorded, dict) and isinstance(said, dict):
        return [
            problem
            for key, value in recorded.items()
            for problem in (
                missing(value, said[key], f"{where}.{key}") if key in said else [f"{where}.{key} is gone"]
            )
        ]
    if isinstance(recorded, list) and isinstance(said, list) and len(recorded) == len(said):
        return [
            problem
            for index, (old, new) in enumerate(zip(recorded, said, strict=True))
            for problem in missing(old, new, f"{where}[{index}]")
        ]
    return [] if recorded == said else [f"{where} was {recorded!r} and is {said!r}"]


@pytest.mark.parametrize("name", STATUSES)
def test_the_status_keeps_its_fields(name: str):
    """Every name, every value, at its place."""
    recorded = json.loads((RECORDED / f"{name}.status.json").read_text(encoding="utf-8"))
    assert missing(recorded, json.loads(page(STATUSES[name](), "/status"))) == []


@pytest.mark.parametrize("name", STATUSES)
def test_a_line_of_the_log_keeps_its_fields(name: str, tmp_path: Path):
    """It says what the status says, without the state and the warnings."""
    recorded = json.loads((RECORDED / f"{name}.status.json").read_text(encoding="utf-8"))
    MetricsLog(tmp_path)(STATUSES[name]())
    (line,) = (tmp_path / METRICS).read_text(encoding="utf-8").splitlines()
    assert (
        missing(
            {key: value for key, value in recorded.items() if key not in ("state", "warnings")},
            json.loads(line),
        )
        == []
    )
    assert {"state", "warnings"}.isdisjoint(json.loads(line))


@pytest.mark.parametrize("name", STATUSES)
def test_metrics_keep_their_names_and_values(name: str):
    """Whatever Prometheus scraped it still scrapes: names, labels, kinds. Help texts may change."""
    text = (RECORDED / f"{name}.metrics.txt").read_text(encoding="utf-8")
    recorded = text.splitlines()
    assert sorted(set(recorded) - set(page(STATUSES[name](), "/metrics").splitlines())) == []


def test_what_is_missing_is_found():
    """A field that is gone, one that moved, a value that changed, a list that is shorter."""
    recorded = {"a": 1, "tasks": [{"name": "x", "table": {"items": 2}}]}
    assert missing(recorded, {"a": 1, "b": 2, "tasks": [{"name": "x", "table": {"items": 2}}]}) == []
    assert missing(recorded, {"a": 1, "tasks": [{"name": "x", "items": 2}]}) == [".tasks[0].table is gone"]
    assert missing(recorded, {"a": 2, "tasks": []}) == [
        ".a was 1 and is 2",
        f".tasks was {recorded['tasks']!r} and is []",
    ]
