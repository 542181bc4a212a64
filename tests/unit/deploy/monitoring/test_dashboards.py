"""The dashboards' JSON: as the tables say, as Grafana's schema has it, with queries that Prometheus reads."""

import copy
import json
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.models import units

from deploy.grafana.dashboards import DASHBOARDS
from deploy.grafana.dashboards.panel import Dashboard
from deploy.grafana.render import DATASOURCE, GRID_COLUMNS, RENDERED, file_of, render
from tests.support.dashboards import models, panel_queries
from tests.support.promtool import promtool_or_skip
from tests.unit.deploy.monitoring.conformance import problems

PROVISIONING = RENDERED.parent / "provisioning"
UNITS = {value for value in vars(units).values() if isinstance(value, str)}
by_file = pytest.mark.parametrize("model", models().values(), ids=models().keys())


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.name)
def test_the_json_is_what_the_tables_say(dashboard: Dashboard):
    """A changed table changes the file: python -m deploy.grafana.render"""
    assert file_of(dashboard).read_text() == render(dashboard)


def test_no_file_is_left_over():
    """A dashboard that is gone from the tables is gone from the folder, and no two have one name."""
    assert sorted(RENDERED.iterdir()) == sorted(file_of(dashboard) for dashboard in DASHBOARDS)
    assert len({model["uid"] for model in models().values()}) == len(DASHBOARDS)


@by_file
def test_grafanas_schema_has_every_field_and_value(model: dict[str, Any]):
    """Nothing that Grafana does not know, nothing of another type, and units that it has."""
    assert problems(model) == []
    assert {panel["fieldConfig"]["defaults"]["unit"] for panel in model["panels"]} <= UNITS


@by_file
def test_panels_stand_beside_each_other(model: dict[str, Any]):
    """Every panel has its own number and its own place inside the grid."""
    panels = model["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [panel["gridPos"] for panel in panels]
    assert all(place["x"] + place["w"] <= GRID_COLUMNS for place in places)
    assert not [pair for pair in combinations(places, 2) if overlap(*pair)]


def overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    return all(
        one[start] < other[start] + other[size] and other[start] < one[start] + one[size]
        for start, size in (("x", "w"), ("y", "h"))
    )


def test_prometheus_reads_every_query():
    """Its own tool takes each as the expression of a rule."""
    asked = [{"record": f"query:{index}", "expr": expr} for index, (_, _, expr) in enumerate(panel_queries())]
    rules = json.dumps({"groups": [{"name": "panels", "rules": asked}]})
    said = promtool_or_skip().run(PROVISIONING, "check", "rules", text=rules)
    assert said.returncode == 0, said.stdout + said.stderr
    assert f"{len(asked)} rules found" in said.stdout


def test_grafana_is_given_the_source_that_the_panels_name():
    """One data source, with the type and the uid that every panel and the variable have."""
    (source,) = read(PROVISIONING / "datasources" / "prometheus.yml")["datasources"]
    assert {key: source[key] for key in DATASOURCE} == DATASOURCE
    (provider,) = read(PROVISIONING / "dashboards" / "trunkline.yml")["providers"]
    assert provider["type"] == "file"


def read(path: Path) -> dict[str, Any]:
    content = yaml.safe_load(path.read_text())
    assert content["apiVersion"] == 1
    return content


def break_unit(model: dict[str, Any]) -> None:
    model["panels"][0]["fieldConfig"]["defaults"]["unit"] = 3


def break_field(model: dict[str, Any]) -> None:
    model["panels"][0]["fieldConfig"]["defaults"]["custom"]["lineWeight"] = 1


def break_choice(model: dict[str, Any]) -> None:
    model["panels"][0]["options"]["legend"]["placement"] = "left"


def break_query(model: dict[str, Any]) -> None:
    model["panels"][0]["targets"][0]["query"] = "up"


def break_place(model: dict[str, Any]) -> None:
    model["panels"][0]["gridPos"]["x"] = "0"


def break_variable(model: dict[str, Any]) -> None:
    model["templating"]["list"][0]["type"] = "tasks"


@pytest.mark.parametrize(
    "damage", [break_unit, break_field, break_choice, break_query, break_place, break_variable]
)
def test_what_breaks_the_schema_is_noticed(damage: Callable[[dict[str, Any]], None]):
    """Wrong types, unknown fields and values that are no choice are each found, wherever they stand."""
    model = copy.deepcopy(models()["learning.json"])
    damage(model)
    assert problems(model)
