"""A live Prometheus that scrapes the run: its targets, its rules, and what every panel asks it."""

import json
import time
import urllib.parse
import urllib.request
from typing import Any

import pytest

from tests.support.containers import Cluster
from tests.support.dashboards import panel_queries

pytestmark = pytest.mark.cluster

THE_HOSTS = "DiskAlmostFull"
"""The alert that says nothing of the run: the machine's disk may be full."""
PATIENCE_SECONDS = 180.0
"""Until an evaluation, a reading of the probes and a checkpoint have been, and rates have two points."""


def ask(cluster: Cluster, path: str, **parameters: str) -> Any:
    page = f"http://{cluster.address('prometheus')}:9090/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
    with urllib.request.urlopen(page, timeout=10) as answer:
        return json.load(answer)["data"]


def test_every_target_is_up(cluster: Cluster):
    """The learner by its name, each of Ray's nodes by discovery with the token."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        targets = ask(cluster, "targets")["activeTargets"]
        health = {target["scrapeUrl"]: target["health"] for target in targets}
        jobs = [target["labels"]["job"] for target in targets]
        if set(health.values()) == {"up"} and jobs.count("ray") >= 5 and "trunkline" in jobs:
            return
        assert time.monotonic() < deadline, health
        time.sleep(2)


def test_every_panel_has_data(cluster: Cluster):
    """Each query of each dashboard finds something in a run that is under way."""
    queries = panel_queries()
    assert len(queries) > 30
    deadline = time.monotonic() + PATIENCE_SECONDS
    while empty := [query for query in queries if not ask(cluster, "query", query=query[2])["result"]]:
        assert time.monotonic() < deadline, "\n".join(" / ".join(query) for query in empty)
        time.sleep(5)


def test_rules_are_evaluated_and_a_healthy_run_alerts_nobody(cluster: Cluster):
    """Every rule is in order; no alert fires."""
    rules = [rule for group in ask(cluster, "rules")["groups"] for rule in group["rules"]]
    assert len(rules) > 20
    assert [rule["name"] for rule in rules if rule["health"] == "err"] == []
    firing = [alert["labels"]["alertname"] for alert in alerts(cluster) if alert["state"] == "firing"]
    assert set(firing) <= {THE_HOSTS}


def alerts(cluster: Cluster) -> list[dict[str, Any]]:
    pending_or_firing: list[dict[str, Any]] = ask(cluster, "alerts")["alerts"]
    return pending_or_firing
