"""Writes the manifests that hold what stands elsewhere: the shipped configuration and Prometheus's rules.

python -m deploy.kuberay.generate
"""

from pathlib import Path
from typing import Any

import yaml

from config.loading import shipped_text

FOLDER = Path(__file__).parent
RULES = FOLDER.parent / "prometheus" / "rules"


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as lines."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def run_config() -> dict[str, Any]:
    """Return the ConfigMap with the configuration of the shipped pair."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "trunkline-run", "namespace": "trunkline"},
        "data": {"run.yaml": shipped_text()},
    }


def prometheus_rule() -> dict[str, Any]:
    """Return the PrometheusRule with the groups of every file of rules."""
    groups = [
        group
        for path in sorted(RULES.glob("*.yml"))
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    ]
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "trunkline", "namespace": "trunkline", "labels": {"release": "prometheus"}},
        "spec": {"groups": groups},
    }


def written(manifest: dict[str, Any]) -> str:
    """Return a manifest as it stands in its file."""
    text: str = yaml.dump(manifest, Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True)
    return f"# Written by python -m deploy.kuberay.generate.\n{text}"


MADE = {"run-config.yaml": run_config, "monitoring/prometheus-rule.yaml": prometheus_rule}
"""File and maker of each."""


def main() -> None:
    """Write the files."""
    for name, make in MADE.items():
        (FOLDER / name).write_text(written(make()), encoding="utf-8")


if __name__ == "__main__":
    main()
