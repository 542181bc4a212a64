"""Manifests that hold what stands elsewhere."""

import pytest
import yaml

from config.loading import shipped_text
from deploy.kuberay.generate import MADE, RULES, written
from tests.unit.deploy.kuberay.manifests import FOLDER, of_kind


@pytest.mark.parametrize("name", MADE)
def test_a_written_file_is_up_to_date(name):
    """What was changed elsewhere is written again: python -m deploy.kuberay.generate"""
    assert (FOLDER / name).read_text() == written(MADE[name]())


def test_the_run_is_the_shipped_pair():
    """The learner reads the very text of the shipped configuration."""
    (config,) = of_kind("ConfigMap")
    assert config["metadata"]["name"] == "trunkline-run"
    assert config["data"] == {"run.yaml": shipped_text()}


def test_the_rules_are_those_of_every_cluster():
    """Group by group what Prometheus reads elsewhere, and not nothing."""
    (rule,) = of_kind("PrometheusRule")
    groups = [
        group for path in sorted(RULES.glob("*.yml")) for group in yaml.safe_load(path.read_text())["groups"]
    ]
    assert rule["spec"]["groups"] == groups
    assert any("alert" in each for group in groups for each in group["rules"])
