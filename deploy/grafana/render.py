"""Makes Grafana's JSON of the dashboards: python -m deploy.grafana.render

The JSON is Grafana's classic dashboard model, schema version 41, as Grafana 11 and later read it.
"""

from pathlib import Path
from typing import Any

from deploy.grafana.dashboards import DASHBOARDS
from deploy.grafana.dashboards.panel import Dashboard, Panel
from training.json_text import json_text

RENDERED = Path(__file__).parent / "rendered"
DATASOURCE = {"type": "prometheus", "uid": "trunkline-prometheus"}
TAG = "trunkline"
SCHEMA_VERSION = 41
GRID_COLUMNS = 24
PANEL_WIDTH = 8
PANEL_HEIGHT = 8

Json = dict[str, Any]


def file_of(dashboard: Dashboard) -> Path:
    """Return where its JSON is kept."""
    return RENDERED / f"{dashboard.name}.json"


def render(dashboard: Dashboard) -> str:
    """Return a dashboard's JSON."""
    model = {
        "uid": f"trunkline-{dashboard.name}",
        "title": dashboard.title,
        "tags": [TAG],
        "timezone": "browser",
        "editable": False,
        "graphTooltip": 1,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "schemaVersion": SCHEMA_VERSION,
        "templating": {"list": [_task_variable()]},
        "annotations": {"list": []},
        "links": [_links_to_all()],
        "panels": [_panel(panel, index) for index, panel in enumerate(dashboard.panels)],
    }
    return json_text(model, indent=2) + "\n"


def _panel(panel: Panel, index: int) -> Json:
    row, column = divmod(index, GRID_COLUMNS // PANEL_WIDTH)
    return {
        "id": index + 1,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "gridPos": {
            "x": column * PANEL_WIDTH,
            "y": row * PANEL_HEIGHT,
            "w": PANEL_WIDTH,
            "h": PANEL_HEIGHT,
        },
        "targets": [
            {
                "refId": chr(ord("A") + number),
                "datasource": DATASOURCE,
                "expr": query.expr,
                "legendFormat": query.legend,
                "range": True,
            }
            for number, query in enumerate(panel.queries)
        ],
        "fieldConfig": {"defaults": {"unit": panel.unit, "custom": _lines(panel.stacked)}, "overrides": []},
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
    }


def _lines(stacked: bool) -> Json:
    return {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 60 if stacked else 0,
        "showPoints": "never",
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
    }


def _task_variable() -> Json:
    return {
        "type": "query",
        "name": "task",
        "label": "Task",
        "datasource": DATASOURCE,
        "query": "label_values(trunkline_env_steps_total, task)",
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all", "selected": True},
    }


def _links_to_all() -> Json:
    return {
        "type": "dashboards",
        "title": "trunkline",
        "icon": "external link",
        "tooltip": "The other questions",
        "tags": [TAG],
        "asDropdown": False,
        "targetBlank": False,
        "includeVars": True,
        "keepTime": True,
    }


if __name__ == "__main__":
    RENDERED.mkdir(exist_ok=True)
    for each in DASHBOARDS:
        file_of(each).write_text(render(each), encoding="utf-8")
