"""What Prometheus is given: it reads it, its alerts fire when they should, and all it names is there."""

from pathlib import Path

import pytest

from tests.support.dashboards import metrics_in, panel_queries, recordings_in
from tests.support.metrics_page import documented_metrics
from tests.support.promtool import promtool_or_skip
from tests.unit.deploy.monitoring.prometheus_files import (
    CASES,
    FOLDER,
    RULES,
    alert_cases,
    kept_ray_metrics,
    recording_cases,
    rules,
)

RUNBOOK = Path(__file__).parents[4] / "docs" / "alerts.md"


def expressions() -> list[str]:
    """Return what rules and panels ask."""
    asked = [rule["expr"] for kind in ("alert", "record") for rule in rules(kind)]
    return asked + [expr for _, _, expr in panel_queries()]


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "config", "--syntax-only", "prometheus.yml"),
        ("check", "rules", *RULES),
        ("test", "rules", *CASES),
    ],
    ids=["config", "rules", "cases"],
)
def test_prometheus_agrees(arguments: tuple[str, ...]):
    """Its own tool finds nothing wrong, and every alert and recording rule does what its cases say."""
    said = promtool_or_skip().run(FOLDER, *arguments)
    assert said.returncode == 0, said.stdout + said.stderr


def test_every_alert_has_a_case_that_fires_and_one_that_does_not():
    """An alert that nobody has seen fire is a guess."""
    names = {rule["alert"] for rule in rules("alert")}
    cases = list(alert_cases())
    assert {case.alert for case in cases if case.firing} == names
    assert {case.alert for case in cases if not case.firing} == names


def test_every_recording_rule_has_a_case_and_a_reader():
    """A rule's value is checked once, and some alert or panel reads it."""
    names = {rule["record"] for rule in rules("record")}
    assert recording_cases() == names
    assert set().union(*map(recordings_in, expressions())) == names


def test_every_alert_says_how_bad_it_is_and_what_to_do():
    """A severity, a summary, a description, and a section of the runbook; no section without its alert."""
    sections = {
        line.removeprefix("## ") for line in RUNBOOK.read_text().splitlines() if line.startswith("## ")
    }
    assert sections == {rule["alert"] for rule in rules("alert")}
    for rule in rules("alert"):
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert rule["annotations"].keys() == {"summary", "description", "runbook"}
        assert rule["annotations"]["runbook"] == f"docs/alerts.md#{rule['alert'].lower()}"


def test_every_metric_of_ours_is_documented():
    """Rules and panels name no metric that docs/metrics.md does not have."""
    named = set().union(*map(metrics_in, expressions()))
    ours = {name for name in named if name.startswith("trunkline_")}
    assert ours - {name for name, _ in documented_metrics()} == set()


def test_of_rays_metrics_those_are_kept_that_are_read():
    """Of over a thousand series a node, no more and no less."""
    named = set().union(*map(metrics_in, expressions()))
    assert {name for name in named if name.startswith("ray_")} == kept_ray_metrics()
