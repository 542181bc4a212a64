"""What dashboards ask Prometheus, and which metrics an expression names."""

import json
import re
from typing import Any

from deploy.grafana.render import RENDERED

VARIABLES = {"$task": ".*", "$__rate_interval": "1m"}
"""What Grafana puts in for its variables when all tasks are shown."""

_STRING = re.compile(r'"[^"]*"')
_WORD = re.compile(r"[A-Za-z_][\w:]*")


def models() -> dict[str, dict[str, Any]]:
    """Return the dashboards' JSON as it is kept, by file name."""
    return {path.name: json.loads(path.read_text()) for path in sorted(RENDERED.glob("*.json"))}


def panel_queries() -> list[tuple[str, str, str]]:
    """Return (dashboard, panel, PromQL expression) of every query, ready to be sent."""
    return [
        (model["title"], panel["title"], _filled_in(target["expr"]))
        for model in models().values()
        for panel in model["panels"]
        for target in panel["targets"]
    ]


def metrics_in(expr: str) -> set[str]:
    """Return the metrics of trunkline and of Ray that an expression names."""
    return {word for word in _words(expr) if word.startswith(("trunkline_", "ray_"))}


def recordings_in(expr: str) -> set[str]:
    """Return the recording rules that an expression names: words with colons."""
    return {word for word in _words(expr) if ":" in word}


def _words(expr: str) -> list[str]:
    return _WORD.findall(_STRING.sub("", expr))


def _filled_in(expr: str) -> str:
    for variable, value in VARIABLES.items():
        expr = expr.replace(variable, value)
    return expr
