"""Reads the files of `deploy/prometheus` as data."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[4] / "deploy" / "prometheus"
RULES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("rules/*.yml"))
CASES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("tests/*.yml"))


@dataclass(frozen=True)
class Case:
    """One moment at which an alert is looked at, and how many of it should fire."""

    alert: str
    firing: int


def read(name: str) -> dict[str, Any]:
    """Return a file's content."""
    content = yaml.safe_load((FOLDER / name).read_text())
    assert isinstance(content, dict)
    return content


def rules(kind: str) -> list[dict[str, Any]]:
    """Return all rules of a kind: `alert` or `record`."""
    groups = [group for name in RULES for group in read(name)["groups"]]
    return [rule for group in groups for rule in group["rules"] if kind in rule]


def alert_cases() -> Iterator[Case]:
    """Yield every case of an alert."""
    for name in CASES:
        for test in read(name)["tests"]:
            for case in test.get("alert_rule_test", []):
                yield Case(case["alertname"], len(case["exp_alerts"]))


def recording_cases() -> set[str]:
    """Return the recording rules that have a case: expressions that are a rule's name and nothing else."""
    tests = [test for name in CASES for test in read(name)["tests"]]
    return {case["expr"] for test in tests for case in test.get("promql_expr_test", [])}


def kept_ray_metrics() -> set[str]:
    """Return Ray's metrics that Prometheus keeps."""
    (job,) = [job for job in read("prometheus.yml")["scrape_configs"] if job["job_name"] == "ray"]
    (keep,) = [rule for rule in job["metric_relabel_configs"] if rule["action"] == "keep"]
    names = keep["regex"].replace("(", "|").replace(")", "|").replace(";", "|").split("|")
    return {name for name in names if name.startswith("ray_")}
