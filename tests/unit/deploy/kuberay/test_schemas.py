"""Every manifest against its real schema."""

import copy
from typing import Any

import pytest
import yaml

from tests.support.kubernetes_schemas.validation import problems
from tests.unit.deploy.kuberay import manifests
from tests.unit.deploy.kuberay.manifests import FOLDER, KUSTOMIZATION, cluster, of_kind


@pytest.mark.parametrize("path", manifests.files(), ids=lambda path: path.name)
def test_a_file_keeps_to_the_schemas(path):
    """Every document of every file, with unknown fields as mistakes."""
    documents = manifests.read(path)
    assert documents
    for document in documents:
        assert problems(document) == [], document["kind"]


def _misspelled(manifest: dict[str, Any], path: list[Any]) -> dict[str, Any]:
    changed = copy.deepcopy(manifest)
    parent = changed
    for step in path[:-1]:
        parent = parent[step]
    parent[f"{path[-1]}s"] = parent.pop(path[-1])
    return changed


@pytest.mark.parametrize(
    "path",
    [
        ["metadata", "name"],
        ["spec", "rayVersion"],
        ["spec", "workerGroupSpecs", 0, "replicas"],
        ["spec", "workerGroupSpecs", 0, "template", "spec", "automountServiceAccountToken"],
        ["spec", "headGroupSpec", "template", "spec", "containers", 0, "securityContext", "capabilities"],
        ["spec", "headGroupSpec", "template", "spec", "volumes", 0, "emptyDir", "sizeLimit"],
    ],
)
def test_a_misspelled_field_of_the_cluster_is_found(path):
    """A field with a letter too many, at every depth."""
    assert problems(_misspelled(cluster(), path)) != []


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("NetworkPolicy", ["spec", "podSelector"]),
        ("PodMonitor", ["spec", "podMetricsEndpoints", 0, "relabelings", 0, "targetLabel"]),
        ("PersistentVolumeClaim", ["spec", "accessModes"]),
        ("Service", ["spec", "ports", 0, "targetPort"]),
        ("ConfigMap", ["data"]),
        ("Namespace", ["metadata", "labels"]),
    ],
)
def test_a_misspelled_field_of_other_kinds_is_found(kind, path):
    """The same for what is not KubeRay's."""
    assert problems(_misspelled(of_kind(kind)[0], path)) != []


def test_a_value_of_another_type_is_found():
    """A number in place of a text, as YAML reads an environment variable without quotes."""
    changed = copy.deepcopy(cluster())
    changed["spec"]["headGroupSpec"]["template"]["spec"]["containers"][0]["env"][2]["value"] = 15
    assert problems(changed) != []
    changed = copy.deepcopy(cluster())
    changed["spec"]["authOptions"] = {"mode": "tokens"}
    assert problems(changed) != []


def test_a_key_that_stands_twice_is_refused():
    """Of two equal keys YAML keeps the last without a word."""
    with pytest.raises(ValueError, match="twice at line 1"):
        yaml.load("{a: 1, a: 2}", manifests.UniqueKeyLoader)


def test_kustomize_is_told_of_every_file():
    """A manifest that no kustomization names would never be applied."""
    for kustomization in FOLDER.rglob(KUSTOMIZATION):
        (document,) = manifests.read(kustomization)
        here = {path.name for path in kustomization.parent.glob("*.yaml")} - {KUSTOMIZATION}
        assert set(document["resources"]) == here
        assert len(document["resources"]) == len(here)
